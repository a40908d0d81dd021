"""What is said of checkpoints, entries of the ledger and time stamps, in Chinese; see `chinese`."""

from __future__ import annotations

LEDGER_SENTENCES = {
    # checkpoints and entries
    "no certificate in PEM form": "没有 PEM 格式的证书",
    "a time stamp has no more than {} bytes": "时间戳不超过 {} 字节",
    "the origin of a checkpoint is letters, digits, '.', '_', '-' and '/'": (
        "检查点的来源名只能含字母、数字、“.”、“_”、“-”和“/”"
    ),
    "a checkpoint has a size, a root of 32 bytes and a time in UTC": "检查点须有条目数、32 字节的根哈希和 UTC 时间",
    "a checkpoint has no more than {} bytes": "检查点不超过 {} 字节",
    "a checkpoint has four lines, an empty one, and a line for each signature": (
        "检查点由四行、一个空行和每个签名一行组成"
    ),
    "a checkpoint is text, and its hashes and signatures are base64": "检查点为文本，其哈希和签名为 base64",
    "the second line of a checkpoint is a number of entries": "检查点第二行为条目数",
    "a checkpoint is not in the one form that it has": "检查点不是唯一规定的形式",
    "a line of a checkpoint that is no signature": "检查点中有一行不是签名",
    "a signature of a checkpoint that is too short, or not in its one form": "检查点的签名过短，或不是唯一规定的形式",
    "`{}` of an entry is 1 to 500 characters on one line": "条目的 `{}` 须为一行，1 至 500 个字符",
    "`at` of an entry is a time in UTC, as 2026-11-29T08:00:00Z": "条目的 `at` 为 UTC 时间，如 2026-11-29T08:00:00Z",
    "an entry has no more than {} bytes": "条目不超过 {} 字节",
    "an entry of version {} has {}, and nothing else": "第 {} 版的条目只含 {}",
    "`seq` of an entry is its number, `data` an object": "条目的 `seq` 为编号，`data` 为对象",
    "`kind`, `at`, `by` and `about` of an entry are text": "条目的 `kind`、`at`、`by`、`about` 为文本",
    "`kind` of an entry is one or two words of small letters": "条目的 `kind` 应为一两个小写单词",
    "an entry is not in the one form that it has": "条目不是唯一规定的形式",
    "entry {} is not among the first {}": "第 {} 条不在前 {} 条之内",
    "{} entries are not the beginning of {}": "{} 条不是 {} 条的开头部分",
    # time stamps
    "time stamp": "时间戳",
    "its signer is not named by issuer and number": "签名者未以颁发者和序列号标明",
    "it uses a hash that is not known here": "使用了此处不认识的哈希算法",
    "it signs something that is no time stamp": "所签内容不是时间戳",
    "its signature is over another time stamp": "签名属于另一时间戳",
    "it does not name the certificate that signed it": "未标明签名所用的证书",
    "its time is not in the form of RFC 3161": "时间不符合 RFC 3161 的形式",
    "its signed attributes are not what they must be": "签名属性与规定不符",
    "it is signed with an algorithm that is not known here": "使用了此处不认识的签名算法",
    "the root certificates for time stamps cannot be read ({})": "时间戳机构的根证书无法读取（{}）",
    "it holds no certificate in PEM form": "其中没有 PEM 格式的证书",
    "Give what the time-stamping authority publishes, in PEM form": "请指定时间戳机构公布的根证书，PEM 格式",
}
