"""`README.txt` of a release, for a reader who has never heard of Streetproof. Chinese first, then English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evidence_export import readme_keys
from evidence_export.bag import forms, layout, releases
from evidence_export.bag.releases import Profile
from evidence_export.keys.interface import SealingKeys
from evidence_export.release.interface import ReleaseRequest
from evidence_export.statements.values import brief
from evidence_export.words import Said

_FILES = {
    releases.REPORT: Said("案件报告", "the report on the case"),
    releases.SHEET: Said("合成图", "the composite sheet"),
    releases.CASE: Said("封存的案件本身", "the sealed case itself"),
    releases.MASKED: Said(
        "遮挡无关人员和车辆后的副本", "copies in which people and vehicles that do not belong to the case are masked"
    ),
    releases.RECORDINGS: Said("原始录像文件，未作任何改动", "the recordings that the case was cut from, byte for byte"),
    releases.EXHIBITS: Said("补充材料", "exhibits"),
    releases.RECHECKS: Said("复查材料，每次复查一个文件夹", "re-checks of the place, each in a folder of its own"),
    releases.ORIGIN: Said(
        "案件来自其他单位：其移送清单、签名与存证证明",
        "the case came from another department: its release manifest, signatures, and ledger proofs",
    ),
    releases.LEDGER_FOLDER: Said(
        "存证日志中与本案有关的记录及其证明、时间戳", "what the ledger holds about the case, with proofs and time stamp"
    ),
    layout.KEYS: Said("密钥的证书及第二把公钥", "certificates of the keys, and the second public key"),
}
_PROFILES = {
    Profile.FULL: Said(
        "全卷（含原始画面，请注意保密）", "everything, with the original pictures: keep it confidential"
    ),
    Profile.OUTGOING: Said(
        "对外（原始画面留存于移送单位，本包仅含遮挡后的副本）",
        "outgoing: original pictures stay with the department, and masked copies are carried",
    ),
}


def readme(
    request: ReleaseRequest,
    release_id: str,
    case_id: str,
    withheld: Mapping[str, tuple[str, str]],
    paths: Sequence[str],
    keys: SealingKeys,
) -> bytes:
    """The whole text, UTF-8. `paths`: of all files below data/."""
    held = [one for one in _FILES if any(path.startswith(one) for path in paths)]
    stamp = _stamp(paths)
    pictures = sum(len(one.withheld) for one in request.rechecks)
    return _README.format(
        release=release_id,
        case=case_id,
        site=brief(request.site[1]),
        recipient=brief(request.recipient),
        purpose=brief(request.purpose),
        by=f"{brief(request.by[0])}（{request.by[1]}）",
        by_en=f"{brief(request.by[0])} ({request.by[1]})",
        at=request.made_at.isoformat(),
        profile_zh=_PROFILES[request.profile].zh,
        profile_en=_PROFILES[request.profile].en,
        files_zh="".join(f"  {one:<24}{_FILES[one].zh}\n" for one in held),
        files_en="".join(f"  {one:<24}{_FILES[one].en}\n" for one in held),
        rechecks_zh=_RECHECKS.zh.format(pictures) if pictures else "",
        rechecks_en=_RECHECKS.en.format(pictures) if pictures else "",
        withheld_zh=f"\n未随附的文件：{len(withheld)} 个，其摘要列于 release.json 的 withheld。\n" if withheld else "",
        withheld_en=f"\nFiles that are withheld: {len(withheld)}; release.json lists their hashes.\n"
        if withheld
        else "",
        commands=readme_keys.commands(keys, forms.RELEASE),
        stamp=f"\n{stamp}" if stamp else "",
        locked_zh=_LOCKED.zh if request.locked else "",
        locked_en=_LOCKED.en if request.locked else "",
    ).encode("utf-8", "replace")


def _stamp(paths: Sequence[str]) -> str:
    if releases.TOKEN not in paths:
        return ""
    return (
        f"     openssl ts -verify -data {releases.STAMPED_CHECKPOINT} -in {releases.TOKEN} \\\n"
        f"       -CAfile {releases.TSA_ROOTS}"
    )


_RECHECKS = Said(
    "\n未随附的复查图片：{} 张，其摘要列于 release.json 的 rechecks。\n",
    "\nPictures of re-checks that are withheld: {}; release.json lists their hashes under rechecks.\n",
)
_LOCKED = Said(
    """
本移送包以密码加密交付（age 格式）。解密方法：  age -d -o 本包.zip 本包.zip.age
用毕请删除解密后的文件；密码不得与文件同路传送。
""",
    """
This release was handed over locked with a password (the form of age), opened with:  age -d -o FILE.zip FILE.zip.age
Delete what was opened when it is no longer needed. The password must not go the same way as the file.
""",
)
_README = """\
移送包 {release}
案件：{case}
移送单位：{site}
接收单位：{recipient}
用途：{purpose}
经办人：{by}
制作时间：{at}
范围：{profile_zh}

一、内容
{files_zh}  release.json            移送清单：内容、接收单位、用途、每个文件的摘要
  release.json.sig        对 release.json 的数字签名
  site-key.pub.pem        验证签名用的公钥
{withheld_zh}{rechecks_zh}{locked_zh}
二、如何验证（任选一种，均无需联网）
1. 用浏览器打开 verify.html，把本包（zip 文件或文件夹）拖入页面
2. 有 Python 3.11 的电脑：          python3 verify.pyz 本文件夹
3. 用 Streetproof：                 streetproof verify 本文件夹
4. 手工验证（在本文件夹内执行）:
     sha256sum -c manifest-sha256.txt
     sha256sum -c tagmanifest-sha256.txt
{commands}{stamp}
   公钥指纹请与执法机关经其他渠道公布的指纹核对；验证程序也可另行向执法机关索取，不必使用本包所附的程序。

三、验证不能说明什么
验证只说明封存后未被改动，不能说明摄像机时钟准确、封存前录像真实，也不能代替人员对画面的判断。

----------------------------------------------------------------------------------------------------

Release {release}
Case: {case}
From: {site}
To: {recipient}
Purpose: {purpose}
Officer: {by_en}
Made at: {at}
Scope: {profile_en}

1. What is in it
{files_en}  release.json            what it is, for whom and what for, and the hash of every file
  release.json.sig        the digital signature over release.json
  site-key.pub.pem        the public key that checks it
{withheld_en}{rechecks_en}{locked_en}
2. How to verify it (any one of these; none needs a network)
a. Open verify.html in a browser, and drop this release (the zip, or the folder) on it
b. With Python 3.11:               python3 verify.pyz FOLDER
c. With Streetproof:               streetproof verify FOLDER
d. By hand, inside this folder:
     sha256sum -c manifest-sha256.txt
     sha256sum -c tagmanifest-sha256.txt
{commands}{stamp}
   Compare the fingerprint of the key with the one that the authority publishes elsewhere. The verifiers can be had
   from the authority, too: whoever trusts nothing in here does not have to use those that came with it.

3. What verification cannot say
It says that nothing changed since sealing. It does not say that the camera's clock was right or that the recording was
genuine before, and it does not replace looking at the pictures.
"""
