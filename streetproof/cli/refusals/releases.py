"""Chinese for releases 移送包: making them, and taking in those of others."""

RELEASES = {
    "an outgoing release carries no recordings: they show everybody who passed": (
        "对外移送包不附录像原件：其中可见所有路过的人员"
    ),
    "Leave --with-recordings out, or release the full case to a court": (
        "请去掉 --with-recordings；需要全卷的（如法院），用 --profile full"
    ),
    "an outgoing release needs masked copies that somebody has looked at": "对外移送须附经人员查看确认的遮挡副本",
    (
        "Make them with `streetproof mask`, look at each, and name their folder with --masked; or release "
        "the full case (--profile full) to who may see everybody in it"
    ): (
        "请先用 `streetproof mask` 制作遮挡副本，逐一查看后用 --masked 指定其文件夹；接收单位有权查看全部画面的"
        "，用 --profile full"
    ),
    "a full release carries the originals, and no masked copies": "全卷移送附原件，不附遮挡副本",
    "a full release carries originals, and these get no Content Credentials: their bytes stay what they are": (
        "全卷移送附原件，原件不加内容凭证：其字节须保持不变"
    ),
    "Leave --c2pa out": "请去掉 --c2pa",
    "Content Credentials need the package c2pa-python, which is not installed": "内容凭证需要 c2pa-python，本机未安装",
    "Install it with: pip install 'streetproof[c2pa]'": "安装：pip install 'streetproof[c2pa]'",
    "C2PA knows Ed25519 and ECDSA P-256, and the site seals with neither": (
        "C2PA 只支持 Ed25519 和 ECDSA P-256，而本单位封存所用密钥都不是"
    ),
    "Add such a key as the second one with `streetproof keys`, or leave --c2pa out": (
        "请用 `streetproof keys` 添加其中一种作为第二密钥，或去掉 --c2pa"
    ),
    "C2PA needs a certificate of the key that signs, and this key has none": (
        "C2PA 需要签名密钥的证书，而该密钥没有证书"
    ),
    "Set up keys with certificates (`streetproof keys init`), or leave --c2pa out": (
        "请用 `streetproof keys init` 建立带证书的密钥，或去掉 --c2pa"
    ),
    "the certificate of the key that signs was issued before such were fit for C2PA": (
        "签名密钥的证书签发较早，不适用于 C2PA"
    ),
    "Make a new key with `streetproof keys rotate`, or leave --c2pa out": (
        "请用 `streetproof keys rotate` 更换密钥，或去掉 --c2pa"
    ),
    "it takes no C2PA manifest ({})": "无法写入 C2PA 清单（{}）",
    "there are no masked copies here": "此处没有遮挡副本",
    "Make them with `streetproof mask CASE-BUNDLE --out FOLDER`, look at each, then name that folder": (
        "请用 `streetproof mask 证据包 --out 文件夹` 制作，逐一查看后再指定该文件夹"
    ),
    "it holds a copy of something else than this case": "其中有不属于本案的副本",
    "a copy is no longer what was made": "有副本制作后被改动",
    "Mask the case again, and look at it": "请重新遮挡并查看",
    "Mask the whole case again": "请对整个案件重新遮挡",
    "it holds no copy of {}": "缺少 {} 的遮挡副本",
    "the exhibit is no longer what was kept: its SHA-256 is another": "补充材料已不是当时保存的文件：SHA-256 不符",
    "Bring the file back from where it came from, or from a backup": "请从来源或备份恢复该文件",
    "the exhibit cannot be kept ({})": "补充材料无法保存（{}）",
    "the file is empty": "文件为空",
    "the sealed case does not verify ({})": "封存案件核验未通过（{}）",
    "Look at it with: streetproof verify {}": "请用 streetproof verify {} 查看",
    "there is a release of this name": "已有同名移送包",
    "Give another folder": "请指定另一文件夹",
    "what came from the other department is not whole: it withheld files of the case": (
        "来自其他单位的移送包不完整：部分文件未随附"
    ),
    "Ask that department for a full release, or have it release the case itself": (
        "请向该单位索取全卷，或由其直接移送"
    ),
    "it does not verify as what the sender released ({})": "未能核验为该单位移送的内容（{}）",
    "Look at it with `streetproof verify {}`, and ask the sender for it again": (
        "请用 `streetproof verify {}` 查看，并请移送单位重新提供"
    ),
    "this case is here already": "本案已在此处",
    "Compare the two with `verify`": "请用 `verify` 比对两者",
    "another bundle of this name is here already": "此处已有同名的另一证据包",
    "it cannot be kept ({})": "无法保存（{}）",
    "Check the free space of the disk and who may write to the data folder, then run again": (
        "请检查磁盘剩余空间和数据文件夹的写入权限后重试"
    ),
    "it was changed while it was read": "读取过程中被改动",
    "the copy with its manifest cannot be written ({})": "加入内容凭证的副本无法写入（{}）",
    "the sealed case was changed while it was read": "封存案件在读取过程中被改动",
    "the sealed case cannot be read ({})": "封存案件无法读取（{}）",
    "a file of the sealed case was changed while it was read": "封存案件中有文件在读取过程中被改动",
    "the new release does not verify ({})": "新生成的移送包核验未通过（{}）",
    "the release cannot be written ({})": "移送包无法写入（{}）",
    "Check the free space of the disk and who may write there, then run again": "请检查磁盘剩余空间和写入权限后重试",
    "the release cannot be written as canonical JSON ({})": "移送包无法写成规范的 JSON（{}）",
    "{} cannot be a part of a release, or stands there twice": "{} 不能列入移送包，或重复出现",
    "the ledger has no checkpoint over the entries of this case": "存证日志没有涵盖本案条目的检查点",
    "the time stamp that the ledger keeps does not hold ({})": "存证日志所存的时间戳不成立（{}）",
    "See that `evidence.time_stamps.ca` of the site file names the authority's own root certificate": (
        "请检查站点文件的 `evidence.time_stamps.ca` 是否为该时间戳机构自己的根证书"
    ),
    "Check the path, the free space of the disk, and who may write to the data folder": (
        "请检查路径、磁盘剩余空间和数据文件夹的写入权限"
    ),
    "the exhibit cannot be read ({})": "补充材料无法读取（{}）",
    "Check what was copied": "请检查所复制的内容",
    "an exhibit has no more than {} GiB": "补充材料不得超过 {} GiB",
    "a masked copy cannot be read ({})": "遮挡副本无法读取（{}）",
    "its {} is not one of `streetproof mask`": "其 {} 不是由 `streetproof mask` 生成",
    "Mask the case again": "请重新遮挡该案件",
    "the verifier cannot be written ({})": "核验程序无法写入（{}）",
    "Name another file with --out": "请用 --out 另行指定文件",
    # what a release may carry, and this one does not
    "no time stamp covers the seal of this case yet": "尚无时间戳涵盖本案的封存记录",
    "recording {}: it is no longer where it was": "录像 {}：已不在原处",
    "the ledger does not know this case, and no key of this site has sealed it": (
        "存证日志中没有本案，且不是用本站点的密钥封存"
    ),
    "Take a case from another department in with `streetproof import`": "他单位的案件请用 `streetproof import` 导入",
}
