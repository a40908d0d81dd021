"""Chinese for keys 密钥, their certificates, passphrases and tokens."""

KEYS = {
    "the certificate of {} is valid from {} to {} only": "{} 的证书有效期仅为 {} 至 {}",
    "the site's authority": "站点证书机构",
    "the key that seals": "封存密钥",
    # opening what cases are sealed with
    "the site key cannot be read ({})": "站点密钥无法读取（{}）",
    "Run as the user who owns the key, or give another path": "请以密钥所属用户运行，或指定其他路径",
    "there is no private key in it that can be used": "其中没有可用的私钥",
    "Give an Ed25519, ECDSA P-256 or SM2 key in PKCS#8 PEM form": (
        "请提供 PKCS#8 PEM 格式的 Ed25519、ECDSA P-256 或 SM2 密钥"
    ),
    "the site key cannot be created ({})": "站点密钥无法生成（{}）",
    "Give a folder on a local disk that this user may write to": "请指定当前用户可写的本地磁盘文件夹",
    "there is a key already": "已有密钥",
    "Keep it, or give another path": "请保留该密钥，或指定其他路径",
    "the key is encrypted, and no passphrase is given": "密钥已加密，而没有提供口令",
    "Say where the passphrase stands: a file or an environment variable": "请指明口令所在：文件或环境变量",
    "a passphrase is given, and the key is not encrypted": "提供了口令，而密钥并未加密",
    "If this is the right file, leave the passphrase out; else bring the encrypted one back": (
        "如文件无误，请去掉口令；否则请找回加密的密钥文件"
    ),
    "the site key is a symbolic link": "站点密钥是符号链接",
    "Give the path of the key file itself": "请指定密钥文件本身的路径",
    "the site key is no Ed25519 key": "站点密钥不是 Ed25519 密钥",
    "Give an Ed25519 key in PKCS#8 PEM form": "请提供 PKCS#8 PEM 格式的 Ed25519 密钥",
    "others may write to the folder of the site key (mode {})": "其他用户可写站点密钥所在文件夹（权限 {}）",
    "Give a folder of mode 0700": "请使用权限为 0700 的文件夹",
    "the key cannot be opened with the passphrase from {}": "用 {} 中的口令无法打开密钥",
    "Check that the passphrase is that of this key": "请确认口令属于该密钥",
    "the site key holds no unencrypted private key in PEM form": "站点密钥文件中没有未加密的 PEM 私钥",
    "Restore it from a backup, or move it away and let a new one be made": "请从备份恢复；或将其移走，由程序重新生成",
    "the site key is no regular file": "站点密钥不是普通文件",
    "Give the path of a file": "请指定文件路径",
    "the site key may be read or changed by others (mode {})": "其他用户可读取或改动站点密钥（权限 {}）",
    "If nobody else has read it, run chmod 600 on it; else move it away and let a new one be made": (
        "如确认无人读取过，请对其执行 chmod 600；否则请移走并重新生成"
    ),
    "the site key belongs to another user": "站点密钥属于其他用户",
    "Run as its owner, or give another path": "请以其所属用户运行，或指定其他路径",
    "this folder holds no keys of a site": "此文件夹中没有站点密钥",
    "Make them with `streetproof keys init`, or give a key file": "请用 `streetproof keys init` 建立，或指定密钥文件",
    "these are keys of the site {}, and the case is of {}": "这是站点 {} 的密钥，而案件属于 {}",
    "Give the keys of this site, or make them with `streetproof keys init`": (
        "请指定本站点的密钥，或用 `streetproof keys init` 建立"
    ),
    "no key is in use: the last one was withdrawn": "没有在用的密钥：最后一个已被吊销",
    "Make a new one with `streetproof keys rotate`": "请用 `streetproof keys rotate` 建立新密钥",
    "Make a new one with `streetproof keys rotate`, and check the clock of this machine": (
        "请用 `streetproof keys rotate` 建立新密钥，并检查本机时钟"
    ),
    "the certificate is not that of the key, or not of this site's authority": (
        "证书与密钥不对应，或不是本站点签发机构签发"
    ),
    "Bring back the files that belong together from a backup, or make a new key with `keys rotate`": (
        "请从备份恢复相互对应的文件，或用 `keys rotate` 建立新密钥"
    ),
    "the certificate of the authority cannot be read ({})": "签发机构的证书无法读取（{}）",
    "a certificate cannot be read ({})": "证书无法读取（{}）",
    "a certificate of the sealing keys cannot be read ({})": "封存密钥的证书无法读取（{}）",
    "Bring it back from a backup": "请从备份恢复",
    "there is no such key": "没有这样的密钥",
    "Name the folder that `streetproof keys init` made": "请指定 `streetproof keys init` 建立的文件夹",
    # making, rotating and withdrawing them
    "this key has a certificate already": "该密钥已有证书",
    "Make a new key pair in the token under another label": "请在密码设备中以另一标签新建密钥对",
    "the private key of the authority is not here": "签发机构的私钥不在此处",
    "Bring it from where it is kept, and name it with --ca-key": "请从保管处取来，并用 --ca-key 指定",
    "this is not the key of this site's authority": "这不是本站点签发机构的密钥",
    "Give the one that belongs to {}": "请提供与 {} 对应的密钥",
    "there is an authority already": "已有签发机构",
    "Use `streetproof keys rotate` for a new key; a new authority needs a folder of its own. If an earlier `init` was "
    "interrupted (there is no keyring.json), move its files away": (
        "更换密钥请用 `streetproof keys rotate`；新的签发机构须另建文件夹。如先前的 `init` 曾中断（没有 "
        "keyring.json），请将其文件移走"
    ),
    "an authority signs with Ed25519 or ECDSA-P256-SHA256": "签发机构须用 Ed25519 或 ECDSA-P256-SHA256 签名",
    "there is no key {}": "没有密钥 {}",
    "Its keys are: {}": "现有密钥：{}",
    "a key cannot be revoked from a time to come": "吊销时间不能晚于现在",
    "Give a time that has passed": "请填写已过去的时间",
    "{} is revoked since {} already": "{} 自 {} 起已被吊销",
    "A revocation can be moved to an earlier time only": "吊销时间只能改为更早",
    "there are no keys of a site here ({})": "此处没有站点密钥（{}）",
    "Make them with `streetproof keys init`, or give the folder that holds keyring.json": (
        "请用 `streetproof keys init` 建立，或指定存有 keyring.json 的文件夹"
    ),
    "the record of keys cannot be understood ({}: {})": "密钥记录无法读懂（{}：{}）",
    "Bring it back from a backup; the keys beside it are not affected": "请从备份恢复；其旁的密钥不受影响",
    "Check the disk and who may write there": "请检查磁盘和写入权限",
    "the folder of keys cannot be used ({})": "密钥文件夹无法使用（{}）",
    "Give a folder that this user may write to": "请指定当前用户可写的文件夹",
    "another command is changing these keys": "另一命令正在更改这些密钥",
    "Wait until it is done": "请待其完成",
    # passphrases and PINs
    "environment variable {}": "环境变量 {}",
    "the variable that should hold the passphrase or PIN of a key is not set": (
        "应存有密钥口令或 PIN 的环境变量没有设置"
    ),
    "Set it where the program is started, or give a file instead": "请在启动程序的环境中设置，或改用文件",
    "the passphrase or PIN of a key {}": "密钥的口令或 PIN {}",
    "is empty": "为空",
    "is longer than {} characters": "超过 {} 个字符",
    "holds a control character": "含有控制字符",
    "It stands alone in the first line, as plain UTF-8 text": "须单独写在第一行，为 UTF-8 纯文本",
    "the file with the passphrase or PIN of a key is larger than {} bytes": "存有密钥口令或 PIN 的文件超过 {} 字节",
    "the file with the passphrase or PIN of a key cannot be opened ({})": "存有密钥口令或 PIN 的文件无法打开（{}）",
    "the file with the passphrase or PIN of a key is no regular file": "存有密钥口令或 PIN 的不是普通文件",
    "the file with the passphrase or PIN of a key may be read or changed by everybody on this machine (mode {})": (
        "本机任何人都可读取或改动存有密钥口令或 PIN 的文件（权限 {}）"
    ),
    "the file with the passphrase or PIN of a key cannot be read ({})": "存有密钥口令或 PIN 的文件无法读取（{}）",
    "the file with the passphrase or PIN of a key is not UTF-8 text": "存有密钥口令或 PIN 的文件不是 UTF-8 文本",
    "Give a plain file of mode 0600 that belongs to the user of the program": (
        "请使用权限为 0600、属于运行程序的用户的普通文件"
    ),
    # keys in tokens, and SM2
    "key {} in token {}": "密码设备 {1} 中的密钥 {0}",
    "the {} needs a PIN, and none is given": "{}：需要 PIN，而没有提供",
    "Say where it stands with --pin": "请用 --pin 指明 PIN 所在",
    "Say where the PIN stands: a file or an environment variable": "请指明 PIN 所在：文件或环境变量",
    "the {} stays closed: the token refuses the PIN from {}": "{}：未能打开，密码设备不接受 {} 中的 PIN",
    "Check the PIN before another try: after a few wrong ones the token locks itself": (
        "请先核对 PIN 再试：多次错误后密码设备会自行锁定"
    ),
    "the {} is another key than before": "{}：与先前的密钥不同",
    "Bring the token back that was there": "请换回原来的密码设备",
    "the {} gave a wrong signature": "{}：作出的签名有误",
    "Check that both halves of the pair belong together": "请检查公钥与私钥是否成对",
    "the {} is open already, with the PIN from {}": "{}：已用 {} 中的 PIN 打开",
    "Give one source of the PIN": "PIN 只能指定一个来源",
    "the {} did not sign ({})": "{}：未能签名（{}）",
    "See that the token is there and not locked": "请检查密码设备是否在位、是否被锁定",
    "the {} cannot be reached: there is no such token": "{}：找不到该密码设备",
    "Plug it in; check its label": "请插好设备，并检查其标签",
    "the {} is ambiguous: several tokens have this label": "{}：有多个密码设备使用此标签",
    "the {} is ambiguous: several keys have this label": "{}：有多个密钥使用此标签",
    "Give each a label of its own": "请为每一个设置不同的标签",
    "the {} is not there": "{}：不存在",
    "List the token: pkcs11-tool --list-objects --login": "请列出设备内容：pkcs11-tool --list-objects --login",
    "the {} cannot be used ({})": "{}：无法使用（{}）",
    "Check the token with pkcs11-tool": "请用 pkcs11-tool 检查密码设备",
    "Make an EC key on prime256v1 or edwards25519": "请生成 prime256v1 或 edwards25519 曲线上的密钥",
    "there is no such PKCS#11 module": "没有这个 PKCS#11 模块",
    "Give the path of the token's shared library, for example /usr/lib/softhsm/libsofthsm2.so": (
        "请指定密码设备的动态库路径，例如 /usr/lib/softhsm/libsofthsm2.so"
    ),
    "keys in a token need the package python-pkcs11, which is not installed": (
        "使用密码设备中的密钥需要 python-pkcs11，本机未安装"
    ),
    "Run: pip install 'streetproof[pkcs11]'. Checking signatures works without it": (
        "请运行：pip install 'streetproof[pkcs11]'。核验签名无需安装"
    ),
    "the PKCS#11 module cannot be loaded ({})": "PKCS#11 模块无法加载（{}）",
    "Give the shared library of the token's maker, and see that its settings are in place": (
        "请使用设备厂商提供的动态库，并检查其配置"
    ),
    "an SM2 signature came out wrong": "SM2 签名结果有误",
    "Check the memory of this machine": "请检查本机内存",
    "signing with SM2 needs the package gmssl, which is not installed": "用 SM2 签名需要 gmssl，本机未安装",
    "Run: pip install 'streetproof[sm2]'. Checking SM2 signatures works without it": (
        "请运行：pip install 'streetproof[sm2]'。核验 SM2 签名无需安装"
    ),
    # what is given to others for trust
    "the folder cannot be made ({})": "文件夹无法建立（{}）",
    "Name another one with --out": "请用 --out 另行指定",
}
