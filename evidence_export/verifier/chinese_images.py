"""What the verification says of image sets, in Chinese; see `chinese`."""

from __future__ import annotations

IMAGE_SENTENCES = {
    "images: {} is said to be a {}, and nothing is said of it": "images：{} 称为 {}，却无说明",
    "images.chosen_from: fewer frames were looked at than are shown": "images.chosen_from：查看的帧数少于所示图片",
    "images.signs: they are not those that the policy names for the zone": (
        "images.signs：与规则文件为该区域所列的标志标线不符"
    ),
    "images.signs: their pictures are not the files that are said to be such": "images.signs：图片与所列标志文件不符",
    "images.signs[{}]: {}": "images.signs[{}]：{}",
    "its photograph is not the one that the policy names": "其照片不是规则文件所写的照片",
    "its close-up is of a place that is not known": "有近景，却未写明位置",
    "its close-up is not a file that is said to be one": "其近景不是所列的近景文件",
    "its close-up is of a picture that is no panorama of the case": "其近景不是截自本案的全景图",
    "its close-up is made from another picture than it says": "其近景的来源图片与所写不符",
    "its close-up reaches out of its picture": "其近景超出来源图片",
    "its close-up was made in another way than it says": "其近景的制作方式与所写不符",
    "its close-up does not show the place that the policy names": "其近景不含规则文件所写的位置",
    "images.sign_or_marking: it is not the picture of the first sign that has one": (
        "images.sign_or_marking：不是首个有图片的标志标线的图片"
    ),
    "images.obstruction: {}": "images.obstruction：{}",
    "images.obstruction.in_zone: {}": "images.obstruction.in_zone：{}",
    "what the ground is for is not what the policy says of the zone": "地面用途与规则文件所写不符",
    "its counts do not fit each other": "其查看次数互相矛盾",
    "a picture shows somebody near, and nobody was": "有图片显示近旁有人或车辆，而所写次数为零",
    "a picture shows somebody near, and nobody looked": "有图片显示近旁有人或车辆，却称未观察",
    "its picture is not the file that is said to be it": "图片不是所称的文件",
    "its picture is of a recording that is not there": "图片所属录像不存在",
    "its picture is made from another recording than it says": "图片的来源录像与所写不符",
    "its picture is another frame than it says": "图片不是所写的那一帧",
    "its picture is not of the time between arrival and proof": "图片不在到达与认定之间",
    "its picture is of another time than it says": "图片的时刻与所写不符",
    "its picture shows nobody": "图片中未列出任何人或车辆",
    "a width in metres, where the ground is not known": "地面未标定，却写有米数",
    "its share does not follow from the place and the zone": "比例与位置、区域推出的不符",
    "measured in a way that cannot be": "测量方式无效",
    "a width is not written in metres to a tenth": "宽度不是精确到十分之一米的数值",
    "images: it tells how panoramas were chosen, and not of signs and obstruction": (
        "images：写有全景图的选取，却无标志标线与妨碍通行的说明"
    ),
    "images: a share is not written as 0.00 to 1.00": "images：比例不是 0.00 至 1.00 的数值",
    "images: a box has its corners out of order": "images：方框的角点次序不对",
    "images: a box is not four fractions as decimal text": "images：方框不是四个小数",
    "images: {} is not {} integers": "images：{} 不是 {} 个整数",
    "violation.stay.place is no box": "violation.stay.place 不是方框",
    "data/policy.json: it has no zone": "data/policy.json：没有区域",
    "data/policy.json: a corner is no pair of numbers": "data/policy.json：角点不是一对数",
    "data/policy.json: a place of a sign has no corners": "data/policy.json：标志的位置不是角点",
}
