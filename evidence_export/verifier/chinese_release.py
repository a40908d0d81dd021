"""What the verification of a release says beside, in Chinese; see `chinese`."""

from __future__ import annotations

RELEASE_SENTENCES = {
    "every listed file is there, and no other; {} were withheld, as the release says": (
        "所列文件齐全，且无其他文件；另有 {} 个按移送包所述未随附"
    ),
    "it is called withheld, and is none of the files of the case": "称为未随附，却不是案件的文件",
    "{} of {} steps of {} passed, whole": "{2} 的 {1} 步中 {0} 步通过，案件完整",
    "{} of {} steps of {} passed; {} of its files are withheld": "{2} 的 {1} 步中 {0} 步通过；其中 {3} 个文件未随附",
    "step {}: {}": "第 {} 步：{}",
    "step {} of the case: {}": "案件第 {} 步：{}",
    "step {} of the case could not be done: {}": "案件第 {} 步无法进行：{}",
    "the case within cannot be trusted": "所附案件不可信",
    "ids, keys, parents, recordings and exhibits agree with each other": "编号、密钥、来源、录像与补充材料相互一致",
    "ids, keys, parents, recordings and exhibits agree with each other; it came from another department": (
        "编号、密钥、来源、录像与补充材料相互一致；案件来自其他单位"
    ),
    "its release id has no valid form": "移送包编号形式无效",
    "its release id does not follow from its content": "移送包编号与其内容推出的不符",
    "the folder inside the zip is not the release id": "压缩包内的文件夹名不是移送包编号",
    "it names another case than the one that it carries": "所写案件不是所附案件",
    "it names another case.json than the one that it carries": "所写 case.json 不是所附的",
    "it names another key than the one that sealed the case": "所写密钥不是封存案件的密钥",
    "its parent is neither in the release nor a file of the case": "其来源既不在移送包内，也不是案件的文件",
    "it is no recording of the case": "不是本案的录像",
    "its SM3 is not the one that the case tells": "SM3 摘要与案件所写的不符",
    "it is not the recording that the release names": "不是移送包所写的录像",
    "it is a file of the case that the release says it withholds": "是移送包称未随附的案件文件",
    "it is not the exhibit that the release names": "不是移送包所写的补充材料",
    "it is not signed by the department that it came from": "不是由其来源单位签署",
    "it is the release of another case": "是另一案件的移送包",
    "none: this release carries nothing of a ledger": "无：本移送包未附存证日志",
    "not told: this release carries nothing of a ledger": "未写明：本移送包未附存证日志",
    "not told": "未写明",
    "what it says of the ledger does not fit: {}": "所述存证日志与内容不符：{}",
    "what it says of the ledger is not what it carries": "所述存证日志不是所附的",
    "{} entries about the case, proven under a checkpoint of {} entries, signed at {}": (
        "与本案有关的记录 {} 条，均证明在签名检查点（共 {} 条，{}）之内"
    ),
    "entry {} stands behind entry {}": "第 {} 条排在第 {} 条之后",
    "the entry that stands as number {} says that it is {}": "编号 {} 处的记录自称编号 {}",
    "the hashes of entry {} do not lead to the root that was signed": "第 {} 条的哈希推不出已签名的根",
    "entry {} is about {}, not about this case": "第 {} 条是关于 {}，与本案无关",
    "the seal of this case is not among them": "其中没有本案封存的记录",
    "entry {} is of another case.json under this case's id": "第 {} 条是同一案件编号下的另一 case.json",
    "this release is not among them": "其中没有本次移送的记录",
    "entry {} tells another {} of this release": "第 {} 条所载本次移送的 {} 与此不同",
    "it is signed neither by the key of the release nor by that of the case": (
        "既不是由移送包的密钥，也不是由案件的密钥签署"
    ),
    "none: no time-stamping authority has signed anything here": "无：没有时间戳机构签署",
    "the ledger's part cannot be trusted": "存证日志部分不可信",
    "the seal existed at {}, by {}, the trusted root {}": "封存内容在 {} 已存在；时间戳由 {} 签发，根证书可信：{}",
    "the seal existed at {}, by {}, root not compared {}": "封存内容在 {} 已存在；时间戳由 {} 签发，根证书未核对：{}",
    "{}; that is {} s before the time that the seal names: the clock that named it ran ahead": (
        "{}；比封存所载时间早 {} 秒：封存所用时钟偏快"
    ),
    "the newest checkpoint does not go on from the one that was stamped": "最新检查点不是由加盖时间戳的检查点延续而来",
    "it is not the entry of this case's seal": "不是本案封存的记录",
    "over something else": "是对其他内容签发的",
    "it is over something else": "是对其他内容签发的",
    "its certificate does not lead to a root that is trusted for time stamps": "其证书不能追溯到可信的时间戳根证书",
    "its certificate is not meant for time stamps": "其证书并非用于时间戳",
    "its certificate is not meant for time stamps alone": "其证书并非专用于时间戳",
    "its signature does not hold": "其签名不成立",
    "the certificate that signed it is not in it": "其中没有签署它的证书",
    "the authority refused": "时间戳机构拒绝签发",
    "it is no time stamp": "不是时间戳",
    "the time stamp is not checked: the Python package `cryptography` is not installed here": (
        "时间戳未核验：此处未安装 Python 软件包 cryptography"
    ),
    "no step was taken yet": "尚无办案步骤",
    "{} steps, each by a named officer": "{} 个步骤，均有执法人员署名",
    "exhibits are named, and no ledger tells where from": "列有补充材料，却没有存证日志说明其来源",
    "its exhibits are not those that the ledger tells of": "所列补充材料与存证日志所载不符",
    "a step is about another case.json": "有步骤针对另一 case.json",
    "the step {} is dated before the one that was taken before it": "步骤 {} 的时间早于其前一步骤",
    "it was confirmed by the officer who had reviewed it, or without a review": "由审核人本人确认，或未经审核即确认",
    "it was decided, and nobody had confirmed it": "未经确认即作出决定",
    "it was decided, and the party had not been given notice": "未告知当事人即作出决定",
    "it was decided by one officer alone": "由一名执法人员单独决定",
    "it was decided twice": "作出了两次决定",
    "a step cannot be read: {}": "有步骤无法读取：{}",
    "a time without a zone": "时间未带时区",
    "release.profile is none of {}": "release.profile 不是 {} 之一",
    "case.id has no valid form": "case.id 形式有误",
    "a path is text, or null for what is not carried": "路径应为文本，未随附的为 null",
    "withheld: {} stands twice": "withheld：{} 重复出现",
}
