"""Chinese for cases: opening them, their procedure, their keeping and deletion."""

CASES = {
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
    "{} is no purpose": "{} 不是查看事由",
    "another purpose has to be said in words": "其他事由须写明",
    "there are no cases here": "此处没有案件",
    "there is no ledger here": "此处没有存证日志",
    "Name the folder that `streetproof batch --out` or `streetproof run --data` wrote to with --data": (
        "请用 --data 指定 `streetproof batch --out` 或 `streetproof run --data` 写入的文件夹"
    ),
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
    "its bundle cannot be read": "证据包无法读取",
    "it was deleted meanwhile, as its time was up": "保存期限已到，其间已被删除",
    "who looks needs a name and the number of a licence": "查看人须填写姓名和执法证号",
    "a purpose is one line of {} characters at most": "查看事由须为一行，最多 {} 个字符",
    "Write one of {}; details go behind a colon, and `other` needs them": (
        "请填写以下之一：{}；具体内容写在冒号之后，“其他”（other）必须写明"
    ),
    "Write it behind a colon: --purpose 'other: what for'": "请写在冒号之后：--purpose '其他：具体事由'",
    "entry {} of the ledger cannot be read": "存证日志第 {} 条无法读取",
    "`streetproof ledger check` says what is wrong with it": "用 `streetproof ledger check` 查看问题所在",
    "the newest case cannot be read": "最新的案件无法读取",
    # procedure
    "{} is not NAME=VALUE": "{} 不是“名称=值”的形式",
    "Write it as 2026-11-03T18:00, at the site": "请写成 2026-11-03T18:00（站点当地时间）",
    "`{}` takes {} as --set NAME=VALUE; those with ? may be left out": (
        "步骤 `{}` 需用 --set 名称=值 填写：{}；带 ? 的可以省略"
    ),
    "`{}` takes nothing as --set NAME=VALUE; those with ? may be left out": "步骤 `{}` 不需要用 --set 填写内容",
    "{} is missing": "缺少 {}",
    "{}: this step has no such value": "{}：此步骤没有这一项",
    "{}: nothing is written": "{}：未填写内容",
    "{}: longer than {} characters": "{}：超过 {} 个字符",
    "{}: one of {} is expected": "{}：应为 {} 之一",
    "{}: {} or more is expected": "{}：不得小于 {}",
    "{}: {} or less is expected": "{}：不得大于 {}",
    "{}: a whole number is expected": "{}：应为整数",
    "{}: no time": "{}：不是时间",
    "{}: a licence is 4 to 32 letters, digits and -": "{}：执法证号为 4 至 32 个字母、数字或 -",
    "{}: a SHA-256 is 64 digits from 0 to 9 and a to f": "{}：SHA-256 为 64 个十六进制数字（0-9、a-f 小写）",
    "{}: it is written in another form": "{}：填写形式不符",
    "another term than the default needs `term_basis`, the provision that sets it, and only then": (
        "期限与默认不同的，须用 term_basis 写明所依据的规定；与默认相同的不写"
    ),
    "its manifest does not say what kind of violation it is": "其清单没有写明是哪种违法",
    "entry {} of the ledger is no step: {}": "存证日志第 {} 条不是办案步骤：{}",
    "it is about another bundle of this case": "涉及本案的另一证据包",
    # keeping and deleting
    "there is no such case to hold": "没有可保全的此案件",
    "`streetproof cases` lists those there are, with --deleted those that were": (
        "`streetproof cases` 列出现有案件，加 --deleted 列出已删除的案件"
    ),
    "it is not clear which hold is meant (there are: {})": "未说明是哪一项保全（现有：{}）",
    "Name one of them with --number; `streetproof retention holds` shows why each is there": (
        "请用 --number 指定其一；`streetproof retention holds` 可查看各项理由"
    ),
    "a step was taken meanwhile": "其间已进行了一个步骤",
    "entry {} of the ledger cannot be read, so nothing is deleted": "存证日志第 {} 条无法读取，因此未删除任何案件",
    "its deletion is not finished, so it cannot come again yet": "删除尚未完成，暂不能再次收入",
    "Let `streetproof retention apply` finish it (an exhibit that was handed in lately takes a day), then try again": (
        "请先用 `streetproof retention apply` 完成删除（新近提交的补充材料需等一天），然后重试"
    ),
    "its bundle is not the one that the ledger says was sealed or imported": "证据包不是存证日志所载封存或导入的那一个",
    "Keep it as it is for inquiry, and bring the bundle back from a copy": "请保持原样以备调查，并从副本恢复证据包",
    "Look at that one, or give the data folder that this one is from with --data": (
        "请查看那一个，或用 --data 指定本证据包所在的数据文件夹"
    ),
    "Check who may read and write it, or restore it from a backup": "请检查其读写权限，或从备份恢复",
    "no hold is on this case": "本案没有保全",
    "`streetproof retention holds` lists those there are; one that was lifted is gone": (
        "`streetproof retention holds` 可列出现有保全；已解除的不再列出"
    ),
    "none of the cases here can be read": "此处的案件均无法读取",
    "Name the folder that holds their bundles, or restore these; `streetproof verify` says what is wrong": (
        "请指定存放证据包的文件夹，或恢复证据包；`streetproof verify` 可说明问题所在"
    ),
    "the purpose names a number plate, and what the ledger holds stays in it": (
        "查看事由中写有号牌，而存证日志的内容不可删除"
    ),
}
