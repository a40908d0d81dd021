"""What lies beside a release that is locked with a password. Chinese first, then English."""

from __future__ import annotations


def how_to_open(name: str, sha256: str) -> bytes:
    """What lies beside a locked release, whose own README nobody can read yet. `name`: of the file; UTF-8."""
    return _HOW_TO_OPEN.format(name=name, opened=name.removesuffix(".age"), sha256=sha256).encode()


_HOW_TO_OPEN = """\
{name} 是以密码加密的移送包（age 格式，https://age-encryption.org）。密码由移送单位经其他渠道告知。
文件的 SHA-256：{sha256}

打开方法（任选一种，均无需联网）
1. age 工具：          age -d -o {opened} {name}
2. Streetproof 直接核验：  streetproof verify {name} --password-from -
解密得到的 zip 中有 README.txt，说明内容和验证方法。用毕请删除解密后的文件。

----------------------------------------------------------------------------------------------------

{name} is a release that is locked with a password (the form of age, https://age-encryption.org). The
department tells the password another way than this file.
SHA-256 of the file: {sha256}

To open it (either; none needs a network)
a. With the tool age:            age -d -o {opened} {name}
b. With Streetproof, to verify:  streetproof verify {name} --password-from -
README.txt in the zip that comes out says what is in it and how to verify it. Delete what was opened when it is
no longer needed.
"""
