"""Chinese for the ledger 存证日志: checking it, proofs, time stamps, witnesses."""

LEDGER = {
    "the ledger of {} entries does not begin with the {} that were witnessed at {}": (
        "现有日志（{0} 条）与 {2} 见证的 {1} 条不符：历史记录已被改动"
    ),
    "Entries were changed or removed since: keep that file, and run `streetproof ledger check --witness`": (
        "此后有条目被改动或删除：请保留该文件，并运行 `streetproof ledger check --witness`"
    ),
    "the witness holds no checkpoint of this ledger": "见证方没有本日志的检查点",
    "Name the place that `streetproof ledger witness` wrote to; this is {}": (
        "请指定 `streetproof ledger witness` 交存的位置；本日志为 {}"
    ),
    "the witness gives no answer within {} s": "见证方在 {} 秒内没有回应",
    "the witness cannot be reached ({})": "无法连接见证方（{}）",
    "Nothing is lost: run the same again once the witness answers": "没有数据丢失：待见证方恢复后重新运行即可",
    "the witness answers with status {}": "见证方返回状态 {}",
    "the witness sends elsewhere (status {}), which is not followed": "见证方要求转到其他地址（状态 {}），不予跟随",
    "Name the address at which the witness really is": "请指定见证方的实际地址",
    "the witness does not let this office in (status {})": "见证方拒绝访问（状态 {}）",
    (
        "Set STREETPROOF_WITNESS_TOKEN, or STREETPROOF_WITNESS_USER and STREETPROOF_WITNESS_PASSWORD, where the "
        "program is started"
    ): (
        "请在启动程序的环境中设置 STREETPROOF_WITNESS_TOKEN，或 STREETPROOF_WITNESS_USER 和 "
        "STREETPROOF_WITNESS_PASSWORD"
    ),
    "the witness has no such folder, or does not list it (status 404)": "见证方没有该文件夹，或不提供目录（状态 404）",
    "The folder must be there, and list the names in it; docs/ledger.md says how": (
        "该文件夹须存在并列出其中的文件名；参见 docs/ledger.md"
    ),
    "the witness's answer is longer than {} bytes": "见证方的回应超过 {} 字节",
    "Ask whoever keeps the checkpoints what happened there, and keep what it answers": (
        "请向见证方查明情况，并保留其回应"
    ),
    "what the witness gives is no checkpoint ({})": "见证方返回的不是检查点（{}）",
    "the witness lists a checkpoint that it does not have": "见证方目录中的检查点不存在",
    "the witness has another checkpoint under this name": "见证方该名称下是另一个检查点",
    "the witness did not keep the checkpoint that was handed over": "见证方没有保存所交存的检查点",
    "the witness keeps the checkpoint, and does not list it": "见证方保存了检查点，但目录中没有列出",
    "it is no address of a witness": "不是见证方的地址",
    "the witness would be reached without encryption": "与见证方的连接没有加密",
    "Write https://, or allow it with --plain-http where the way there is safe otherwise": (
        "请使用 https://；线路另有保护的，可用 --plain-http 允许"
    ),
    "the witness's token holds characters that no token has": "见证方令牌含有非法字符",
    "a user and a password go together": "用户名和密码须同时设置",
    "no checkpoint was signed yet": "尚未签署检查点",
    "Wait for the next one, and ask again": "请待下一个检查点签署后再试",
    "the key to check the ledger with cannot be read ({})": "用于核对存证日志的公钥无法读取（{}）",
    "Name the site's public key with --key: it is `site-key.pub.pem` in each bundle": (
        "请用 --key 指定站点公钥：即各证据包中的 `site-key.pub.pem`"
    ),
    "the proof cannot be read ({})": "证明无法读取（{}）",
    "Check the path": "请检查路径",
    "it was entered after the newest checkpoint": "该条目晚于最新的检查点",
    "the ledger has no entry of that name": "存证日志中没有该名称的条目",
    "Name a case, CAMERA/NUMBER of a segment, or the number of an entry": (
        "请指定案件编号、片段（摄像机/序号）或条目编号"
    ),
    "Move it away if it is not meant for this": "如与此无关，请将其移走",
    "the ledger is that of the site {}, not of {}": "存证日志属于站点 {}，不属于 {}",
    "the ledger is empty: it was never begun": "存证日志为空：从未开始记录",
    "Give the ledger of this site, or another path for a new one": "请指定本站点的存证日志，或另选路径新建",
    # time stamps
    "the site file names no time-stamping authority": "站点文件没有指定时间戳机构",
    "Write `evidence: {time_stamps: {url: https://..., ca: tsa-ca.pem}}`; docs/ledger.md says how": (
        "请写入 `evidence: {{time_stamps: {{url: https://..., ca: tsa-ca.pem}}}}`；参见 docs/ledger.md"
    ),
    "the time-stamping authority gave no stamp: {}": "时间戳机构未给出时间戳：{}",
    "it does not answer within {} s": "{} 秒内没有回应",
    "it cannot be reached ({})": "无法连接（{}）",
    "it answers with status {}": "返回状态 {}",
    "its answer is too long for a time stamp": "回应过长，不是时间戳",
    "Checkpoints wait, and the newest one covers all of them once it answers again": (
        "检查点将等待；恢复后，最新的检查点涵盖全部"
    ),
    "the root certificates of the time-stamping authority cannot be read ({})": "时间戳机构的根证书无法读取（{}）",
    "Ask the authority for them, in PEM form, and name that file": "请向该机构索取 PEM 格式的根证书，并指定该文件",
    "it holds no such key in PEM form": "其中没有 PEM 格式的公钥",
    "the authority refused (status {})": "时间戳机构拒绝（状态 {}）",
    "it is no time stamp in the strict form of RFC 3161": "不是符合 RFC 3161 严格形式的时间戳",
    "the time stamp does not hold: {}": "时间戳不成立：{}",
    # what a witness keeps
    "the checkpoint cannot be written ({})": "检查点无法写入（{}）",
    "the witness's folder cannot be read ({})": "见证方的文件夹无法读取（{}）",
    "Write https://HOST/FOLDER/. Set {}, or {} and {}, where the program is started": (
        "请写成 https://主机/文件夹/，并在启动程序的环境中设置 {}，或 {} 和 {}"
    ),
    "Set {}, or {} and {}, where the program is started": "请在启动程序的环境中设置 {}，或 {} 和 {}",
    # what a check finds
    "entry {}": "第 {} 条",
    "entries {} to {}": "第 {} 至 {} 条",
    "hash {}/{}": "哈希 {}/{}",
    "index": "索引",
    "head": "总数记录",
    "checkpoint {}": "检查点 {}",
    "checkpoint {} of {}": "检查点 {}（{}）",
    "witnessed checkpoint": "见证的检查点",
    "witnessed checkpoint {}": "见证的检查点 {}",
    "witnessed checkpoint {} of {}": "见证的检查点 {}（{}）",
    "time stamp {}": "时间戳 {}",
    "missing": "缺失",
    "missing: the numbers before and after are there": "缺失：前后编号都在",
    "it is not that of the entries below it": "与其下条目的哈希不符",
    "there are no entries below it": "其下没有条目",
    "it is not the one that was made: looking entries up reads all of them": "不是当时建立的索引：查找条目须通读全部",
    "it is there, but looking up what it is about passes it by": "条目存在，但按其事项查找时被略过",
    "it is not what it was when its hash was made": "内容与计算哈希时不同",
    "it says {} entries, where {} end the ledger": "写明 {} 条，而日志实有 {} 条",
    "the ledger had {} entries when it was signed, and has {} now": "签署时日志有 {} 条，现有 {} 条",
    "it is of the ledger {}, not of {}": "属于存证日志 {}，不属于 {}",
    "none of the site's keys has signed it": "没有本站点任一密钥的签名",
    "the first {} entries are not those that were signed": "前 {} 条与签署时不同",
    "it was entered as number {}": "写入时的编号为 {}",
    # what is said of a proof
    "a proof has no more than {} bytes": "证明不超过 {} 字节",
    "it is no proof of this format": "不是本格式的证明",
    "`seq`, `entry` and `checkpoint` are a number and two texts": "`seq`、`entry`、`checkpoint` 应为一个数字和两段文本",
    "`proof` is a list of hashes": "`proof` 应为哈希列表",
    "`time_stamp` is base64, or null": "`time_stamp` 应为 base64 或 null",
    "its checkpoint is not signed by that key": "其检查点不是由该密钥签署",
    "its entry has the number {}, not {}": "其条目的编号为 {}，而不是 {}",
    "its hashes do not lead to the root that was signed": "由其哈希推不出所签署的根",
    "it cannot be read": "无法读取",
    "kept checkpoint": "数据文件夹中的检查点",
    "kept checkpoint {}": "数据文件夹中的检查点 {}",
    "kept checkpoint {} of {}": "数据文件夹中的检查点 {}（{}）",
    "nobody can tell whether it was written anew": "无从知道是否被重写",
    # signing
    "there is no key of this site here": "此处没有本站点的密钥",
    "Name the key that seals its cases with --key": "请用 --key 指定封存案件所用的密钥",
    "the checkpoint cannot be kept ({})": "检查点无法保存（{}）",
    "Check the free space of the disk, and who may write to the data folder": "请检查磁盘空间和数据文件夹的写入权限",
    "the ledger of {} entries is not signed: it does not begin with the {} of {}": (
        "现有日志（{0} 条）未予签名：与 {2} 签名的 {1} 条不符"
    ),
    "the ledger {} is not signed: what was signed last is {}, of {} entries": (
        "存证日志 {} 未予签名：上次签名的是 {}（{} 条）"
    ),
    (
        "Run `streetproof ledger check`. Where its database was brought back from a backup, or the ledger begun "
        "anew, say so with `streetproof ledger sign --restored WHY`; else keep all as it is for inquiry"
    ): (
        "请运行 `streetproof ledger check`。如数据库系从备份恢复，或日志系重新建立，请用 "
        "`streetproof ledger sign --restored 原因` 说明；否则请保持原样以备调查"
    ),
    "the ledger goes on from what was signed last: nothing is lost": "现有日志与上次签名的内容相接：没有丢失",
    "Leave --restored out": "请去掉 --restored",
    "the checkpoint that was signed last cannot be read ({})": "上次签名的检查点无法读取（{}）",
    (
        "Bring the file back from a backup. Without it nobody can tell whether the ledger was rewritten: "
        "remove it only if a witness holds a checkpoint that `ledger check --witness` agrees with"
    ): (
        "请从备份恢复该文件。没有它就无从知道日志是否被重写：仅当见证方保存的检查点经 `ledger check --witness` "
        "核对相符时，方可删除"
    ),
    "the newest checkpoint is none ({})": "最新的检查点不是有效检查点（{}）",
    "Somebody has changed the database: `streetproof ledger check` names what was": (
        "数据库已被改动：请用 `streetproof ledger check` 查看"
    ),
}
