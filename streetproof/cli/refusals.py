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
}
"""English, with `{}` for each gap, and the Chinese with the same gaps."""


def in_chinese(sentence: str) -> str | None:
    """The sentence in Chinese; None where it is not known."""
    found = looked_up(sentence, _patterns())
    return None if found == sentence else found


@cache
def _patterns() -> Patterns:
    return patterns_of(REFUSALS)
