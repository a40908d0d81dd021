"""Chinese for passwords of releases, and the files that they lock."""

PASSWORDS = {
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
}
