"""How a report, and the bundle behind it, are checked: all files with their hashes, three ways, and what stays open."""

from __future__ import annotations

from evidence_export.bag import layout
from evidence_export.dossier.facts import UNKNOWN
from evidence_export.dossier.told import items, text, value, whole
from evidence_export.dossier.values import Dossier
from evidence_export.readme_keys import check_of
from evidence_export.report.blocks import Commands, Files, Lines, Note, Rows, Section
from evidence_export.verifier.report import CANNOT_KNOW, CANNOT_KNOW_ZH, UNKNOWN_KEY, UNKNOWN_KEY_ZH, UNSTAMPED
from evidence_export.words import Said

ROLES = {
    "readme": Said("说明", "readme"),
    "bagit": Said("BagIt 清单", "BagIt"),
    "public_key": Said("公钥", "public key"),
    "certificate": Said("证书", "certificate"),
    "verifier": Said("核验程序", "verifier"),
    "clip": Said("录像片段", "clip"),
    "panorama": Said("全景原图", "panorama"),
    "before": Said("占用前原图", "the place before"),
    "obstruction": Said("妨碍通行原图", "obstruction"),
    "sign_close_up": Said("标志标线近景", "sign close-up"),
    "sign_photo": Said("标志标线照片", "photograph of a sign"),
    "overlay": Said("图片副本", "overlay copy"),
    "detections": Said("检测结果", "detections"),
    "policy": Said("规则", "policy"),
    "plate_close_up": Said("号牌近景", "plate close-up"),
}

_COPY = Said(
    "本报告由证据包生成，是便于阅读的副本；二者不一致时，以证据包内的 case.json 和原始录像为准。",
    "This report is made from the bundle, to be read with ease. Where the two differ, case.json and the original "
    "footage in the bundle are what counts.",
)
_BY_HAND = Said(
    "各行须显示 OK，签名须为 Verified Successfully 或 Verified OK；case.json 的 SHA-256 须与本报告所列一致；"
    "最后一行为公钥指纹，请与执法机关经其他渠道公布的指纹核对。证书的核验方法见证据包内 README.txt。",
    "All lines must say OK, and the signature Verified Successfully or Verified OK; the SHA-256 of case.json must be "
    "the one in this report, and the last line prints the fingerprint of the key: compare it with the one that the "
    "authority publishes elsewhere. README.txt in the bundle tells how certificates are checked.",
)


def checking_sections(dossier: Dossier, signing: Said) -> tuple[Section, ...]:
    """The last sections of a report."""
    stamped = dossier.ledger is not None and dossier.ledger.stamped_at is not None
    pairs = zip((UNKNOWN_KEY_ZH, *CANNOT_KNOW_ZH), (UNKNOWN_KEY, *CANNOT_KNOW), strict=True)
    unknown = tuple(Said(zh, en) for zh, en in pairs if not (stamped and en == UNSTAMPED))
    return (
        Section(Said("文件清单", "All files"), (_seal(dossier), _files(dossier))),
        Section(Said("如何核验", "How to verify"), _ways(dossier, signing)),
        Section(
            Said("本报告不能说明什么", "What cannot be known"),
            (
                Lines(unknown),
                Lines((_COPY,)),
            ),
            together=True,
        ),
    )


def _seal(dossier: Dossier) -> Rows:
    case = dossier.case
    software = " ".join(
        part for part in (text(case, "seal", "software", "name"), text(case, "seal", "software", "version")) if part
    )
    other = value(case, "seal", "second")
    second: tuple[Said, ...] = (Said("无", "none"),)
    if other is not None:
        second = (
            Said.quoted(text(other, "algorithm") or ""),
            Said.quoted(text(other, "key_fingerprint") or ""),
        )
    stamped = UNKNOWN if value(case, "seal", "time_stamp") is None else Said("有", "there is one")
    fingerprint = text(case, "seal", "key_fingerprint") or ""
    return Rows(
        (
            (Said("case.json 的 SHA-256", "SHA-256 of case.json"), (Said.quoted(dossier.manifest_sha256),)),
            (
                Said("签名算法与公钥指纹", "Algorithm, fingerprint of the key"),
                (Said.quoted(text(case, "seal", "algorithm") or ""), Said.quoted(fingerprint)),
            ),
            (Said("第二个签名", "Second signature"), second),
            (
                Said("证据包内的时间戳", "Time stamp in the bundle"),
                (stamped,),
            ),
            (Said("封存软件", "Sealed by"), (Said.quoted(software) if software else UNKNOWN,)),
        )
    )


def _files(dossier: Dossier) -> Files:
    rows = []
    for one in items(dossier.case, "files"):
        role = text(one, "role") or ""
        said = ROLES.get(role, Said.quoted(role))
        rows.append(
            (
                text(one, "path") or "",
                said,
                str(whole(one, "size")),
                text(one, "sha256") or "",
                text(one, "sm3") or "",
            )
        )
    return Files(tuple(rows))


def _ways(dossier: Dossier, signing: Said) -> tuple[Lines | Commands | Note, ...]:
    name, code = dossier.case_id, dossier.code
    algorithm = text(dossier.case, "seal", "algorithm") or layout.ED25519
    hand = ["sha256sum -c manifest-sha256.txt", "sha256sum -c tagmanifest-sha256.txt"]
    if algorithm in layout.ALGORITHMS:
        hand.append(check_of(algorithm, layout.SITE_KEY, layout.SIGNATURE))
    second = text(dossier.case, "seal", "second", "algorithm")
    if second in layout.ALGORITHMS:
        hand.append(check_of(second, layout.SECOND_KEY, layout.SECOND_SIGNATURE))
    hand += ["sha256sum case.json", f"openssl pkey -pubin -in {layout.SITE_KEY} -outform DER | sha256sum"]
    return (
        Lines((Said("一、用 Streetproof：", "1. With Streetproof:"),)),
        Commands((f"streetproof verify {name} --code {code}",)),
        Lines(
            (
                Said(
                    "二、用 verify.html（用浏览器打开，附于移送包）或 verify.pyz（只需 Python 3.11，附于移送包和"
                    "证据包的 data 文件夹），均可向执法机关索取：",
                    "2. With verify.html (open it in a browser; it comes with a release) or verify.pyz (Python 3.11; "
                    "it comes with a release, and in data/ of every bundle), or with either from the authority:",
                ),
            )
        ),
        Commands((f"python3 verify.pyz {name} --code {code}",)),
        Lines((Said("三、手工核验，在证据包文件夹内执行：", "3. By hand, in the folder of the bundle:"),)),
        Commands(tuple(hand)),
        Lines(
            (
                _BY_HAND,
                Said(
                    "二维码含案件编号、case.json 的 SHA-256 和防伪码。",
                    "The QR code holds the case id, the SHA-256 of case.json, and the anti-forgery code.",
                ),
            )
        ),
        Note(signing),
    )
