"""What officers are told when a command refuses something, in Chinese: beside the English, never instead of it.

What is not in the table stays English: better another language than a guess.
"""

from __future__ import annotations

from functools import cache

from evidence_export.verifier.chinese import Patterns, looked_up, patterns_of

REFUSALS = {
    "there is no such case": "没有这个案件",
    "`streetproof cases` lists those there are": "`streetproof cases` 可列出已有案件",
    "its bundle cannot be read: {}": "证据包无法读取：{}",
    "its bundle does not verify: no procedure goes on with it": "证据包核验未通过，不能继续办理",
    "`streetproof verify` says what is wrong with it": "用 `streetproof verify` 查看问题所在",
    "the ledger holds a step that cannot have been taken: {}": "存证日志中有不可能进行过的步骤：{}",
    "`streetproof ledger check` says whether it was changed": "用 `streetproof ledger check` 查看是否被改动",
    "somebody else has taken a step meanwhile": "其间他人已进行了一个步骤",
    "Look at the case again, and decide anew": "请重新查看案件后再作决定",
    "{} is no time": "{} 不是时间",
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
    "{} is no purpose": "{} 不是查看事由",
    "another purpose has to be said in words": "其他事由须写明",
    "there are no cases here": "此处没有案件",
    "there is no ledger here": "此处没有存证日志",
    "Name the folder that `streetproof batch --out` or `streetproof run --data` wrote to with --data": (
        "请用 --data 指定 `streetproof batch --out` 或 `streetproof run --data` 写入的文件夹"
    ),
    "the certificate of {} is valid from {} to {} only": "{} 的证书有效期仅为 {} 至 {}",
    "the site's authority": "站点证书机构",
    "the key that seals": "封存密钥",
    "cases are being deleted here by another run": "另一进程正在删除此处的案件",
    "cases are being deleted here by another run: {}": "另一进程正在删除此处的案件：{}",
    "Nothing was done; run it again once that one has ended": "本次未作任何操作；请待其结束后重试",
    "the reference that answered last found the server's clock to be {} hours off, or more": (
        "对时结果显示服务器时钟相差 {} 小时以上"
    ),
    "the server's clock says {}, and the ledger holds something of {} already": (
        "服务器时钟为 {}，早于存证日志中已有的时间 {}"
    ),
    "the server's clock went from {} to {}, and no reference has borne it out since": (
        "服务器时钟由 {} 跳至 {}，此后没有对时结果"
    ),
    "Nothing was deleted. Set the clock right; where it is right, say why you know with --clock-is-right": (
        "未删除任何案件。请校准时钟；确认无误的，用 --clock-is-right 写明依据"
    ),
    "no such file or folder": "没有这样的文件或文件夹",
    "the ledger of {} entries does not begin with the {} that were witnessed at {}": (
        "现有日志（{} 条）与 {2} 见证的 {1} 条不符：历史记录已被改动"
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
    "that is no name of an environment variable": "不是环境变量的名称",
    (
        "Name an environment variable that holds it, or `-` to type it (or give it as the first line of the input)"
    ): "请指定存有密码的环境变量，或用 `-` 键入（或作为输入的第一行）",
    "there is no password": "没有密码",
    "a password is up to {} characters that can be typed, without a space at either end": (
        "密码最多 {} 个可键入的字符，首尾不得有空格"
    ),
    "the password is too weak: it has {} characters, and needs {}": "密码过弱：只有 {} 个字符，至少需要 {} 个",
    "the password is too weak: it has fewer than {} different characters": "密码过弱：不同字符少于 {} 个",
    "Take five words that have nothing to do with each other, or let a program make it": (
        "请用五个互不相关的词组成，或由程序生成"
    ),
    "the two that were typed differ": "两次输入不一致",
    "Type it again": "请重新输入",
    "the password is not UTF-8 text": "密码不是 UTF-8 文本",
    "it is locked with a password": "文件已用密码加密",
    "Name the environment variable that holds it with --password-from, or `-` to type it": (
        "请用 --password-from 指定存有密码的环境变量，或用 `-` 键入"
    ),
    "this is not the password that it was locked with": "密码不正确",
    (
        "Mind capitals and spaces. If it is certainly right, the beginning was changed: ask for it again"
    ): "请注意大小写和空格。如密码确实无误，则文件开头已被改动：请移送单位重新提供",
    "its first lines were changed since it was locked": "文件开头在加密后被改动",
    "it was changed since it was locked, or its end is missing": "文件在加密后被改动，或结尾缺失",
    "its end is missing": "文件结尾缺失",
    "something was added at its end": "文件结尾被添加了内容",
    "its first lines are not in the form of age": "文件开头不符合 age 格式",
    "Ask the sender for it again, and whether it was sent whole": "请移送单位重新提供，并确认是否完整",
    "it is in the text form of age (armor)": "文件为 age 的文本格式（armor）",
    "it is locked in a newer form of age": "文件为更新版本的 age 格式",
    "it is not locked with a password (no file of age's)": "文件没有用密码加密（不是 age 文件）",
    "Open it with: age -d -o FILE.zip FILE.age": "请用此命令打开：age -d -o FILE.zip FILE.age",
    "Give it without a password": "请去掉密码后重试",
    "it is locked for a key, not with a password": "文件是以密钥而非密码加密的",
    "Open it with: age -d -i KEY-FILE": "请用此命令打开：age -d -i 密钥文件",
    "opening it would take too much memory (work factor {})": "打开所需内存过大（工作因子 {}）",
    "there is not enough free memory for the password ({} MiB)": "可用内存不足以处理密码（需 {} MiB）",
    "Close other programs, or do it on a larger machine": "请关闭其他程序，或换用内存更大的机器",
    "Have the sender lock it with a work factor of no more than {}": "请移送单位以不超过 {} 的工作因子重新加密",
    "what was locked does not open as it was": "加密后的文件未能还原为原文件",
    "Check the disk": "请检查磁盘",
    "it cannot be opened ({})": "无法打开（{}）",
    "it cannot be written ({})": "无法写入（{}）",
    "Check the path, the free space of the disk, and who may read and write there": (
        "请检查路径、磁盘剩余空间和读写权限"
    ),
    "a user and a password go together": "用户名和密码须同时设置",
    "a daemon or a batch works in this folder": "守护进程或批处理正在使用此文件夹",
    "Stop it first, and start it afterwards": "请先停止，完成后再启动",
    "it names no `database` to move to": "站点文件没有写明要移入的数据库（database）",
    "See docs/storage.md": "参见 docs/storage.md",
    "there is no such folder": "没有这个文件夹",
    "Name the data folder with --data": "请用 --data 指定数据文件夹",
    "there are no databases in files here": "此处没有 SQLite 数据库文件",
    "Name the folder that the batch or the daemon wrote to with --data": "请用 --data 指定批处理或守护进程写入的文件夹",
    "there are files of an earlier move here": "此处有先前移库留下的文件",
    "Move that folder away": "请将该文件夹移走",
    "its databases are in PostgreSQL already": "数据库已在 PostgreSQL 中",
    "Nothing has to be done": "无需操作",
    "they were moved to another database than the site file names ({} says to which)": (
        "数据库已移入的不是站点文件所写的库（见 {}）"
    ),
    "Name that one in the site file": "请在站点文件中写明该库",
    "that database is not empty, and holds something else than {} (table {})": "该库非空，且内容与 {} 不同（表 {}）",
    "Make a new one for this folder, and name it in the site file (docs/storage.md)": (
        "请为此文件夹新建一个库，并写入站点文件（docs/storage.md）"
    ),
    "all is in PostgreSQL, and the files cannot be put aside: {}": "已全部移入 PostgreSQL，但原文件无法移开：{}",
    "Check who may write to the data folder, then run it again": "请检查数据文件夹的写入权限后重试",
    "the databases of this folder are SQLite files in it, and the site file names PostgreSQL": (
        "此文件夹的数据库是 SQLite 文件，而站点文件指定了 PostgreSQL"
    ),
    "Move them with `streetproof database move`, or take `database` out of {}": (
        "请用 `streetproof database move` 移库，或从 {} 中删去 `database`"
    ),
    "this folder has databases twice: {} beside {}, which names PostgreSQL": (
        "此文件夹有两套数据库：{} 与指向 PostgreSQL 的 {} 并存"
    ),
    "Where `streetproof database move` was interrupted, run it again. Else find out which of them is current, and "
    "move the other one away ({}, or {})": (
        "如 `streetproof database move` 曾中断，请再次运行；否则请查明哪一套是现用的，并移走另一套（{} 或 {}）"
    ),
    "the {} refused: the databases of this folder were moved to PostgreSQL; run it again": (
        "数据库已移入 PostgreSQL，请重新运行本命令"
    ),
    "who looks needs a name and the number of a licence": "须写明查看人的姓名和执法证号",
    "a name, and a licence, has {} characters at most": "姓名和执法证号各不超过 {} 个字符",
    "the data folder holds another bundle of this case": "数据文件夹中是本案的另一证据包",
    "it was deleted meanwhile, as its time was up": "案件保存期满，已被删除",
    "the purpose names the plate that is searched for, and what the ledger holds stays in it": (
        "查看事由中写有所查号牌，而存证日志的内容不可删除"
    ),
    "Name the file or the report that asks for it instead": "请改写案卷或举报的编号",
    "the secret under which searched plates are entered cannot be used ({})": "号牌检索记录的密钥无法使用（{}）",
}
"""English, with `{}` for each gap, and the Chinese with the same gaps."""


def in_chinese(sentence: str) -> str | None:
    """The sentence in Chinese; None where it is not known."""
    found = looked_up(sentence, _patterns())
    return None if found == sentence else found


@cache
def _patterns() -> Patterns:
    return patterns_of(REFUSALS)
