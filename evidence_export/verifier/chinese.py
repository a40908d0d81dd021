"""The sentences of a verification in Chinese. One table, for the verifier at a shell and for the page in a browser.

The steps speak English; `chinese` finds the sentence here and carries over what stands in its gaps. What is not in the
table stays English: better another language than a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from evidence_export.verifier.chinese_images import IMAGE_SENTENCES
from evidence_export.verifier.chinese_ledger import LEDGER_SENTENCES
from evidence_export.verifier.chinese_recheck import RECHECK_SENTENCES
from evidence_export.verifier.chinese_release import RELEASE_SENTENCES

SENTENCES = {
    **RELEASE_SENTENCES,
    **IMAGE_SENTENCES,
    **LEDGER_SENTENCES,
    **RECHECK_SENTENCES,
    # 1 container
    "folder of {} files, {} bytes": "文件夹，共 {} 个文件，{} 字节",
    "zip of {} files, {} bytes": "压缩包（zip），共 {} 个文件，{} 字节",
    "cannot be read": "无法读取",
    "it cannot be read ({})": "无法读取（{}）",
    "a file cannot be read": "有文件无法读取",
    "a symbolic link; a bundle holds plain files only": "是符号链接；证据包内只能有普通文件",
    "a device, pipe or socket; a bundle holds plain files only": "是设备、管道或套接字；证据包内只能有普通文件",
    "an empty folder that does not belong to the bundle": "是空文件夹，不属于证据包",
    "nested deeper than any bundle": "文件夹层级过深，证据包不会如此",
    "more than {} entries; no bundle has so many": "超过 {} 项；证据包不会有这么多文件",
    "a path that no bundle holds": "证据包内不会有这样的路径",
    "outside the folder {}/": "不在文件夹 {}/ 之内",
    "stands twice in the zip": "在压缩包内出现两次",
    "encrypted; a bundle holds plain files only": "已加密；证据包内只能有普通文件",
    "{} is no longer a plain file": "{} 已不是普通文件",
    "{}; this zip is not byte for byte what Streetproof packs; if it was re-packed, unpack it and verify the folder": (
        "{}；此压缩包与本系统打包的结果并非逐字节一致；如系重新打包，请解压后核验文件夹"
    ),
    "more than a zip without zip64 can hold (4 GiB)": "超出不用 zip64 的压缩包的上限（4 GiB）",
    "the CRC-32 of {} was not taken": "没有计算 {} 的 CRC-32",
    "{} changed while it was packed": "{} 在打包过程中被改动",
    "compressed; a bundle stores its files as they are": "已压缩；证据包按原样存放文件",
    "the directory at the end of the zip is damaged, cut off, or followed by other data": (
        "压缩包末尾的目录已损坏、被截断，或其后附有其他数据"
    ),
    "this zip is not byte for byte what Streetproof packs; if it was re-packed, unpack it and verify the folder": (
        "此压缩包与本系统打包的结果并非逐字节一致；如系重新打包，请解压后核验文件夹"
    ),
    "its zip header is not what it must be": "其压缩包头部与应有内容不符",
    "{} bytes long where its files make {}": "长 {} 字节，而按其文件应为 {} 字节",
    # 2 key
    "no key to check the signature with": "没有可用于验签的公钥",
    "it is missing": "缺失",
    "no readable public key in PEM form": "不是可读的 PEM 公钥",
    "no block of PEM that is a {}": "不是 PEM 格式的{}",
    "public key": "公钥",
    "{} is not lower-case hex": "{} 不是小写十六进制",
    "the key is not written in its one exact form": "公钥未按唯一规定的形式书写",
    "a P-256 key whose point is not on the curve": "P-256 公钥的点不在曲线上",
    "an SM2 key whose point is not on the curve": "SM2 公钥的点不在曲线上",
    "no SM2 public key with an uncompressed point": "不是未压缩点形式的 SM2 公钥",
    "an Ed25519 key that is no point of the curve, or one with which anything would be signed": (
        "Ed25519 公钥不是曲线上的点，或用它任何内容都会“验签通过”"
    ),
    "an EC key on another curve than P-256 or SM2": "椭圆曲线公钥，但曲线既非 P-256 也非 SM2",
    "a {} key where an Ed25519, ECDSA P-256 or SM2 key must be": "是 {} 公钥，而此处须为 Ed25519、ECDSA P-256 或 SM2",
    "{}, fingerprint {} ({})": "{}，指纹 {}（{}）",
    "fingerprint not compared: no trusted key was given": "未提供可信公钥，指纹未核对",
    "the trusted key": "即可信公钥",
    "its certificate is to be of the trusted authority, see below": "须由可信的签发机构颁发证书，见下文“密钥证书”",
    "not vouched for": "无人担保",
    "not the trusted key": "不是可信公钥",
    "the bundle has no certificate of the trusted authority, {}": "证据包内没有可信签发机构（{}）的证书",
    "its fingerprint {} is not the trusted one, {}": "其指纹 {} 不是可信的指纹 {}",
    # 3 signature
    "the signature does not hold": "签名不成立",
    "the second signature does not hold": "第二签名不成立",
    "no readable site key": "没有可读的签名公钥",
    "{} bytes long, where a signature has {}": "长 {} 字节，而签名应为 {} 字节",
    "{} carries a valid signature of the site key": "{} 的签名有效，由签名公钥验证",
    "{} carries valid signatures of the site key and of a second key, {}": (
        "{} 的两个签名均有效：签名公钥，以及第二公钥（{}）"
    ),
    "it is not what was signed: the signature does not belong to these bytes": "不是当时签名的内容：签名与其字节不符",
    "it is not the signature that was made over {}": "不是对 {} 作出的签名",
    "it is not the key that signed {}": "不是签署 {} 的密钥",
    "it is the site key again, and no second one": "与签名公钥相同，并非第二公钥",
    # 4 manifest
    "{} is not trusted without a valid signature": "没有有效签名，{} 不可信",
    "not a manifest of this format": "不是本格式的清单",
    "case {}, sealed at {}, {} files listed": "案件 {}，封存于 {}，列出 {} 个文件",
    "release {}, sealed at {}, {} files listed": "移送包 {}，封存于 {}，列出 {} 个文件",
    "it names another key than the one that signed it": "所写公钥不是签署它的公钥",
    "it names another second key than the one that signed it": "所写第二公钥不是签署它的公钥",
    "it is missing: {} says that there is a second signature": "缺失：{} 写明有第二签名",
    "not in canonical form (RFC 8785)": "不是规范形式（RFC 8785）",
    "nested deeper than {} levels": "嵌套超过 {} 层",
    "the key {} stands twice in one object": "同一对象中键 {} 出现两次",
    "the number {} is not an integer": "数 {} 不是整数",
    "{}: a {} has no place in canonical case JSON": "{}：规范的案件 JSON 中不允许 {}",
    "{}: the integer {} is outside +/- 2^53": "{}：整数 {} 超出正负 2^53",
    "{}: the key {} is not 1 to 64 printable ASCII characters": "{}：键 {} 不是 1 至 64 个可打印 ASCII 字符",
    "its format is not {}": "格式不是 {}",
    "format version {}, where this verifier knows {} only": "格式版本为 {}，而本核验程序只认识 {}",
    "its seal is none of revision {}: seal.algorithm or seal.second": (
        "第 {} 修订不会有这样的签封：seal.algorithm 或 seal.second"
    ),
    "revision is no number": "revision 不是数字",
    "seal.sealed_at is no UTC time with nine decimals": "seal.sealed_at 不是带九位小数的 UTC 时间",
    "{}.algorithm is none of {}": "{}.algorithm 不在 {} 之列",
    "files: {} may not be listed": "files：{} 不得列入",
    "files: {} has no place in a bundle": "files：证据包内不应有 {}",
    "files: {} stands twice or out of order": "files：{} 重复或次序有误",
    "files: the size of {} is no size": "files：{} 的大小有误",
    "files: {} is not listed": "files：未列出 {}",
    "{} is missing": "缺少 {}",
    "{} is no text": "{} 不是文本",
    "{} is no list": "{} 不是列表",
    "{} is no integer": "{} 不是整数",
    "{} is neither true nor false": "{} 既非 true 也非 false",
    "{} is not 64 lower-case hex characters": "{} 不是 64 个小写十六进制字符",
    "{} is no UTC time with nine decimals": "{} 不是带九位小数的 UTC 时间",
    "{} holds something that is no text": "{} 含有非文本内容",
    # 5 completeness
    "not done on this page; verify.pyz does it": "本页不做，由 verify.pyz 完成",
    "there is no case manifest to trust": "没有可信的案件清单",
    "it is not the code of this bundle": "不是本证据包的防伪码",
    "there is no manifest to trust": "没有可信的清单",
    "every listed file is there, and no other": "所列文件齐全，且无多余文件",
    "it does not belong to the bundle: {} does not list it": "不属于证据包：{} 未列出",
    # 6 hashes
    "size, SHA-256 and SM3 of {} files, {} bytes": "已核对 {} 个文件的大小、SHA-256 和 SM3，共 {} 字节",
    "size and SHA-256 of {} files agree, {} bytes; SM3 is not checked: neither this Python's OpenSSL nor the package "
    "`cryptography` offers it here": (
        "{} 个文件的大小和 SHA-256 相符，共 {} 字节；SM3 未核对："
        "此处 Python 的 OpenSSL 不含 SM3，也未安装 cryptography 软件包"
    ),
    "{} bytes long, where {} were sealed": "长 {} 字节，封存时为 {} 字节",
    "its SHA-256 is {}, where {} was sealed": "其 SHA-256 为 {}，封存时为 {}",
    "its SM3 is {}, where {} was sealed": "其 SM3 为 {}，封存时为 {}",
    "its CRC-32 is wrong": "其 CRC-32 有误",
    "size and SHA-256 of {} files, {} bytes": "{} 个文件的大小和 SHA-256 相符，共 {} 字节",
    "it is larger than {} bytes; no bundle has such a file": "大于 {} 字节；证据包不会有这样的文件",
    # 7 BagIt
    "bagit.txt and both manifests are exactly what the manifest makes of them": (
        "bagit.txt 与两个清单同封存案件推出的内容逐字节一致"
    ),
    "compared with each other only, because {} cannot be trusted": "{} 不可信，仅作相互比对",
    "it is not byte for byte what the manifest makes of it": "与清单推出的内容并非逐字节一致",
    "it is not a manifest in the form that bundles have": "不是证据包应有形式的清单",
    "its SHA-256 is not the one in {}": "其 SHA-256 与 {} 所列不符",
    "{} does not list it": "{} 未列出",
    "its {} is not that of its payload": "其 {} 与载荷文件不符",
    # 8 inner agreement
    "case id, policy and parents of derived files agree with each other": "案件编号、适用规则和派生文件的来源彼此一致",
    "its case id has no valid form": "案件编号形式有误",
    "its case id does not follow from its content": "案件编号不能由其内容推出",
    "it is not the policy applied": "不是所适用的规则",
    "its parent is neither in the bundle nor a recording of the case": "其来源既不在证据包内，也不是本案的录像",
    "the folder inside the zip is not the case id": "压缩包内的文件夹名不是案件编号",
    # 9 footage
    "archived files, no chain": "归档录像文件，无片段链",
    "{} segments form the chain they claim": "{} 个片段构成所称的链",
    "{}; revision {} may say more than this verifier knows to check": "{}；第 {} 修订可能含有本核验程序不会核对的内容",
    "not readable": "无法读取",
    "{}: their sequence does not rise": "{}：序号没有递增",
    "{}: the chain is broken, `previous` is not the SHA-256 of the segment before": (
        "{}：链已断开，previous 不是前一片段的 SHA-256"
    ),
    "{}: they overlap": "{}：彼此重叠",
    "recordings {} and {}": "录像 {} 与 {}",
    "recording {}: it ends before it begins": "录像 {}：结束早于开始",
    "recordings: archived files and segments are mixed": "recordings：归档文件与片段混杂",
    "recordings: a time base is no positive fraction": "recordings：时间基不是正分数",
    "clip {}: its recordings are out of order, or not there": "视频 {}：所用录像次序有误或不存在",
    "clip {}: it reaches across a break": "视频 {}：跨越了中断处",
    "clip {}: its pts are not those of its recordings": "视频 {}：时间戳与其录像不符",
    "clip {}: it names recordings that it does not reach": "视频 {}：所列录像并未用到",
    "clips: `recordings` is not the first and the last of them": "clips：recordings 不是首末两段录像",
    "continuity.breaks: a break is not between neighbours": "continuity.breaks：中断不在相邻片段之间",
    "continuity.breaks: they are not the places where one segment does not follow on the other": (
        "continuity.breaks：所列中断与片段实际不衔接之处不符"
    ),
    "continuity.breaks: the one after recording {} has other times than its recordings": (
        "continuity.breaks：录像 {} 之后的中断，其时间与录像不符"
    ),
    "continuity.breaks: the one after recording {} has another length than its times": (
        "continuity.breaks：录像 {} 之后的中断，其时长与起止时间不符"
    ),
    "continuity.breaks: the one after recording {} is wrongly said to be decisive or not": (
        "continuity.breaks：录像 {} 之后的中断，是否落在认定时段写错"
    ),
    "continuity.gap_in_decisive_ns: it is less than the breaks in that time": (
        "continuity.gap_in_decisive_ns：少于该时段内的中断"
    ),
    "continuity.blocks_approval: it does not follow from the gaps": "continuity.blocks_approval：与缺口不一致",
    "case.approval_blocked_by: the gap in the decisive interval is left out": (
        "case.approval_blocked_by：漏写认定时段内的缺口"
    ),
    "case.approval_blocked_by: {} is left out": "case.approval_blocked_by：漏写 {}",
    "case.approval_blocked_by: it does not follow from {}": "case.approval_blocked_by：与 {} 不一致",
    "case.approval_blocked_by: {} does not follow from {}": "case.approval_blocked_by：{} 与 {} 不一致",
    "time.flags: {} of a decisive recording is left out": "time.flags：漏写认定时段录像的 {}",
    "view.faults: a fault is wrongly said to be decisive or not": "view.faults：故障是否落在认定时段写错",
    "images.before: {} is said to show the ground before, and nothing is said of it": (
        "images.before：{} 称为占用前画面，却无说明"
    ),
    "images.before: its picture is not the file that is said to be it": "images.before：图像不是所称的文件",
    "images.before: it is of a recording that is not there": "images.before：所属录像不存在",
    "images.before: it is made from another recording than it says": "images.before：来源录像与所写不符",
    "images.before: it is of a time at which the ground was seen taken": "images.before：所示时刻地面已被占用",
    # 10 plate
    "none was looked for": "未作号牌识别",
    "what is said of it agrees with its close-ups": "号牌说明与特写图一致",
    "plate: {} is said to show one that is not known": "plate：{} 称为号牌特写，而号牌未知",
    "plate.others: there are some, where none was found": "plate.others：未找到号牌，却列有其他号牌",
    "plate: its close-ups are not the files that are said to be such": "plate：特写图不是所称的文件",
    "images.plate_close_up: it is not the close-up of the plate": "images.plate_close_up：不是该号牌的特写",
    "plate: it is called certain beside another that says something else": "plate：旁有不同号牌，却写为确定",
    "plate: a number is not written as decimal text": "plate：数字未写成十进制文本",
    "plate: a share is not between 0 and 1": "plate：比例不在 0 与 1 之间",
    "plate.status is {}": "plate.status 为 {}",
    "plate.close_up.{} is not {} integers": "plate.close_up.{} 不是 {} 个整数",
    "{}: its status does not follow from its doubts": "{}：状态与疑点不一致",
    "{}: its text is not what its characters make": "{}：号码与各字符不符",
    "{}: a doubtful character is called certain": "{}：存疑字符写为确定",
    "{}: an alternative is likelier than the character that was chosen": "{}：备选字符的可能性高于所选字符",
    "{}: nothing was read, and it is called certain": "{}：未读出号码，却写为确定",
    "{}: its counts of frames cannot be true": "{}：帧数不可能成立",
    "{}: its close-up is of a recording that is not there": "{}：特写所属录像不存在",
    "{}: its close-up is of another camera": "{}：特写来自另一摄像机",
    "{}: its close-up is tied to another still than that of its frame": "{}：特写所连的静帧不是其所在帧",
    "{}: its close-up is made from another frame than it says": "{}：特写的来源帧与所写不符",
    "{}: its close-up is of a frame that its segment does not hold": "{}：特写所在帧不在其片段内",
    "{}: its close-up reaches out of its frame": "{}：特写超出画面",
    "{}: its close-up does not show where it is said to be": "{}：特写并未包含所称位置",
    "{}: its box is none": "{}：位置框有误",
    # 11 reasons
    "its steps and sums agree with what is stated": "各步与合计同所述一致",
    "none are given: an earlier version timed it": "未给出（由较早的版本计时）",
    "violation: no reasons are given, and its revision has them": "violation：未给出理由，而其修订应当给出",
    "{}: more than {} steps": "{}：超过 {} 步",
    "{}: step {} does not begin where the one before it ends": "{}：第 {} 步与前一步不衔接",
    "{}: step {} is not as long as its parts": "{}：第 {} 步时长与其组成不符",
    "{}: its steps do not reach the last sighting": "{}：各步未延续到最后一次看到",
    "{}: its steps do not add up to {}": "{}：各步合计与 {} 不符",
    "{}: more is sworn to than was seen or kept": "{}：所确认的时间多于看到的时间",
    "{}: its looks do not add up to the sightings": "{}：查看次数与看到次数不符",
    "{}: its looks do not add up to those in which pixels showed it": "{}：查看次数与画面显示次数不符",
    "{}: a part that cannot be": "{}：含有不可能的组成",
    "{}: a step names one kind of time twice": "{}：一步中同类时间出现两次",
    "{}: hidden in no look": "{}：称被遮挡而无一次查看",
    "{}: a reason that cannot be": "{}：理由不可能成立",
    "{}: it does not fit the departure": "{}：与离开情况不一致",
    "{}: its looks do not fit each other": "{}：查看次数彼此不符",
    "{}: nobody saw it gone, and yet it ended by what was seen": "{}：无人看到离开，却称据所见结束",
    "{}: it was decided before it could be seen": "{}：认定早于可见之时",
    "violation.stay.departed.pinned: it does not narrow the departure": (
        "violation.stay.departed.pinned：并未缩小离开时间的范围"
    ),
    "{}: less than nothing": "{}：出现负值",
    "{}: it is not what allowed_ns and dwell_lower_bound_ns say": "{}：与 allowed_ns、dwell_lower_bound_ns 不符",
    "{}: what counts does not pass the limit": "{}：计入时间未超过限额",
    "{}: what counts is not sworn to, or more is sworn to than was seen": "{}：计入时间未经确认，或确认多于看到",
    "{}: it is not what the grounds say": "{}：与 grounds 所写不符",
    "{}: its times do not fit each other": "{}：各时间彼此不符",
    "{}: its numbers are not those of its vehicles": "{}：数量与所列车辆不符",
    "{}: most of them are said to have left, and stand there": "{}：称多数已离开，而仍在场",
    "{}: one came when it cannot have come with it": "{}：有车辆到达时间不可能成立",
    "{}: no time": "{}：时间为空",
    "{}: it is not what the trace says": "{}：与过程记录不符",
    "{}: it does not fit together": "{}：自相矛盾",
    # 12 certificates
    "none: the key stands by itself": "无证书，公钥独立使用",
    "no certificate tells whether the revocation list is about this key: it may have been withdrawn": (
        "没有证书可说明吊销列表是否涉及此密钥：此密钥可能已被吊销"
    ),
    "none": "无",
    "incomplete": "不完整",
    "the certificates are not checked: the Python package `cryptography` is not installed here": (
        "证书未核验：此处未安装 Python 软件包 cryptography"
    ),
    "{}, valid at the time of sealing (until {}), by the authority {}; {}": (
        "{}，封存时有效（至 {}），签发机构 {}；{}"
    ),
    "no revocation list was given": "未提供吊销列表",
    "the revocation list {} of {} is older than the seal and cannot tell whether the key was withdrawn by then": (
        "吊销列表 {}（{}）早于封存，无法说明当时是否已被吊销"
    ),
    "not withdrawn by then, says the revocation list {} of {}": "据吊销列表 {}（{}），当时未被吊销",
    "no authority to go by": "没有可依据的签发机构",
    "a certificate does not fit the seal": "有证书与签封不符",
    "a certificate is not the one that was sealed": "有证书不是封存时的证书",
    "the second signature is missing": "缺少第二签名",
    "it has no certificate of the trusted authority": "没有可信签发机构颁发的证书",
    "it is not the certificate of an authority, signed by itself": "不是自签名的签发机构证书",
    "it lists a certificate, and not {}": "列有证书，却未列 {}",
    "it lists {} without the certificate of its authority": "列有 {}，却无其签发机构的证书",
    "it is of the site {}, and the case of {}": "证书属于 {}，而案件属于 {}",
    "it is the certificate of another key than the one that signed": "不是签署所用密钥的证书",
    "it is valid from {} to {} only": "有效期仅为 {} 至 {}",
    "its key is not meant for signing evidence": "其密钥并非用于签署证据",
    "its key was withdrawn ({}) since {}": "其密钥自 {1} 起已被吊销（{0}）",
    "the authority in {} did not sign it": "{} 中的签发机构未签署此证书",
    "the certificate is not written in its one exact form": "证书未按唯一规定的形式书写",
    "this revocation list is not signed by the authority of the bundle, {}": (
        "此吊销列表不是由证据包的签发机构（{}）签署"
    ),
    "{}; the bundle says that it was sealed at {}": "{}；证据包称封存于 {}",
    "not a readable {} ({})": "不是可读的{}（{}）",
    "certificate": "证书",
    "revocation list": "吊销列表",
    "not a certificate of this profile": "不是本规范的证书",
    "not a certificate of this profile: critical extension {}": "不是本规范的证书：关键扩展 {}",
    "an authority with an SM2 key: the site's authority signs with Ed25519 or ECDSA": (
        "签发机构使用 SM2 密钥，而其须用 Ed25519 或 ECDSA 签名"
    ),
    "it does not say what its key may be used for": "未写明密钥用途",
    "a critical extension that is not known here: {}": "含有此处不认识的关键扩展：{}",
    "an entry with an extension that is not known here": "有条目含有此处不认识的扩展",
    "it is signed with neither Ed25519 nor ECDSA over SHA-256, or not in the one form of that": (
        "签名算法既非 Ed25519 也非 ECDSA-SHA256，或形式不符"
    ),
    "DER: {}": "DER 编码有误：{}",
    "tag {}, where {} must be": "标签为 {}，应为 {}",
    "cut off": "被截断",
    "a length in another than its shortest form": "长度不是最短形式",
    "an integer that is negative or not in its shortest form": "整数为负，或不是最短形式",
    "something follows the end": "结尾之后还有内容",
    # nothing to verify
    "the trusted key cannot be read ({})": "可信公钥无法读取（{}）",
    "the revocation list cannot be read ({})": "吊销列表无法读取（{}）",
    "no such file or folder": "没有这样的文件或文件夹",
    "neither a folder nor a zip": "既不是文件夹，也不是压缩包",
    "locked with a password; `age -d -o FILE.zip FILE.zip.age` opens it (age-encryption.org)": (
        "文件已用密码加密；请先用 `age -d -o 文件.zip 文件.zip.age` 打开（age-encryption.org），再核验所得的 zip"
    ),
    "neither a bundle nor a folder with bundles in it": "既不是证据包，其中也没有证据包",
    "a folder without any of a bundle's files": "文件夹内没有任何证据包文件",
    "it cannot be looked at ({})": "无法查看（{}）",
    "larger than {} bytes": "大于 {} 字节",
    "the Python package `cryptography` is not installed here": "此处未安装 Python 软件包 cryptography",
    "the {} cannot be read here: the Python package `cryptography` is not installed": (
        "{}无法在此读取：未安装 Python 软件包 cryptography"
    ),
    "Give the folder that holds bagit.txt and case.json, or the zip of it": (
        "请指定含有 bagit.txt 和 case.json 的文件夹，或其 zip"
    ),
    "Open it, then give the zip that comes out": "请先打开，再指定所得的 zip",
    "Give the 64-character fingerprint of the site key or of its authority's certificate, or the path of either in PEM "
    "form": "请给出站点公钥或其签发机构证书的 64 位指纹，或二者之一的 PEM 文件路径",
    "Give the list (CRL) that the authority publishes, in PEM or DER form": (
        "请指定签发机构公布的吊销列表（CRL），PEM 或 DER 格式"
    ),
}
"""English, with `{}` for each gap, and the Chinese with the same gaps, or numbered ones where their order differs."""


Patterns = tuple[tuple[re.Pattern[str], str], ...]


def chinese(sentence: str) -> str:
    """The sentence in Chinese; itself where it is not known."""
    return looked_up(sentence, _patterns())


def looked_up(sentence: str, patterns: Patterns) -> str:
    """The sentence as `patterns` have it, and its gaps likewise; itself where they do not know it."""
    for pattern, template in patterns:
        if match := pattern.fullmatch(sentence):
            return template.format(*(looked_up(gap, patterns) for gap in match.groups()))
    return sentence


def patterns_of(sentences: Mapping[str, str]) -> Patterns:
    """The most specific sentence first: the one with most of its own words."""
    ordered = sorted(sentences, key=lambda english: (-len(english.replace("{}", "")), english))
    return tuple(
        (re.compile("(.+?)".join(map(re.escape, english.split("{}"))), re.DOTALL), sentences[english])
        for english in ordered
    )


@cache
def _patterns() -> Patterns:
    return patterns_of(SENTENCES)
