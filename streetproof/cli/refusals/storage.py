"""Chinese for where things are kept: databases, copies elsewhere, files."""

STORAGE = {
    "no such file or folder": "没有这样的文件或文件夹",
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
        "{}拒绝操作：数据库已移入 PostgreSQL，请重新运行本命令"
    ),
    # the databases
    "state database": "状态数据库",
    "ledger": "存证日志",
    "PostgreSQL needs the package psycopg": "使用 PostgreSQL 需要 psycopg",
    "Install what it needs with: pip install 'streetproof[postgres]'": "请安装：pip install 'streetproof[postgres]'",
    "the databases of this folder are in PostgreSQL (database.json), and the site file names none": (
        "此文件夹的数据库在 PostgreSQL 中（database.json），而站点文件没有写明数据库"
    ),
    "Give {} the `database` that it had, or name another data folder": (
        "请在 {} 中写回原来的 `database`，或指定另一数据文件夹"
    ),
    "the database holds another ledger ({}) than this folder had ({})": (
        "数据库中的存证日志（{}）不是此文件夹原有的（{}）"
    ),
    "Restore the database that belongs to this folder: a ledger cannot be replaced": (
        "请恢复属于此文件夹的数据库：存证日志不能替换"
    ),
    "it says where the databases are, and cannot be read: {}": "写明数据库所在的文件无法读取：{}",
    "Check who may read the data folder": "请检查数据文件夹的读取权限",
    "it should say where the databases are, and nobody can read that from it": "应写明数据库所在，而内容无法读懂",
    "Restore it from a backup of the data folder": "请从数据文件夹的备份恢复",
    "it cannot be written: {}": "无法写入：{}",
    "Check the disk and who may write to the data folder": "请检查磁盘和数据文件夹的写入权限",
    "it cannot be removed: {}": "无法删除：{}",
    "Remove it by hand": "请手动删除",
    "PostgreSQL does not answer: {}": "PostgreSQL 没有回应：{}",
    "Check that it runs and can be reached from here, and its address (docs/storage.md)": (
        "请检查其是否运行、能否从本机连接，以及地址是否正确（docs/storage.md）"
    ),
    "PostgreSQL lets nobody in: {}": "PostgreSQL 拒绝登录：{}",
    "It asks for a password: give `username`, and `password_env` or `password_file`": (
        "它要求密码：请写明 `username`，以及 `password_env` 或 `password_file`"
    ),
    "Check user name, password and database, whichever the server names; what `password_env` or `password_file` names "
    "is what was tried": ("请按服务器所述检查用户名、密码和库名；所用密码即 `password_env` 或 `password_file` 所指"),
    "the database is locked, also after {} s of waiting": "等待 {} 秒后，数据库仍被锁定",
    "Another program keeps it: one daemon or batch per database, and no shell left in a transaction": (
        "另有程序占用：每个数据库只能有一个守护进程或批处理，也不得有命令行停留在事务中"
    ),
    "the database keeps text as {}, which has no place for every Chinese character": (
        "数据库的文本编码为 {}，不能容纳全部汉字"
    ),
    "Make it with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0": (
        "请这样建库：CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
    ),
    "the {} refused: {}": "{}拒绝操作：{}",
    "Check disk and rights": "请检查磁盘和权限",
    "the driver of this kind of database is not installed": "没有安装此类数据库的驱动",
    "For PostgreSQL: pip install 'streetproof[postgres]'": "PostgreSQL 请运行：pip install 'streetproof[postgres]'",
    "no database can be meant by the URL": "该地址不是数据库地址",
    "Write for example sqlite:////var/lib/streetproof/state.db": "例如：sqlite:////var/lib/streetproof/state.db",
    "the {} cannot be opened or brought up to date: {}": "{}无法打开或升级：{}",
    "Check that the user may make tables there (docs/storage.md)": "请检查该用户能否建表（docs/storage.md）",
    "If it was made by a newer version, use that version; if it is damaged: {}": (
        "如由更新的版本建立，请使用该版本；如已损坏：{}"
    ),
    "move it away, it is rebuilt from the recordings and the bundles on the next run": (
        "请将其移走，下次运行时会由录像和证据包重建"
    ),
    "restore the ledger from a backup: nothing else has it": "请从备份恢复存证日志：别处没有其内容",
    "the {} is empty, and it was not when it was opened last": "{}为空，而上次打开时并不为空",
    "Check the address; if the server lost it, restore it from its backup (docs/storage.md)": (
        "请检查地址；如服务器丢失了数据，请从备份恢复（docs/storage.md）"
    ),
    "the {} was made by a newer version ({} is not known here)": "{}由更新的版本建立（本版本不认识 {}）",
    "Use that version, or a newer one: nothing was changed": "请使用该版本或更新的版本：未作任何改动",
    "a number is too large for the {}: {}": "数字超出{}的范围：{}",
    "the database belongs to another data folder": "该数据库属于另一数据文件夹",
    "Give each data folder a database of its own; a folder that was restored needs the file `database.json` that it "
    "had as well (docs/storage.md)": (
        "每个数据文件夹须用各自的数据库；恢复的文件夹还须有原来的 `database.json`（docs/storage.md）"
    ),
    # where copies of cases are kept
    "the bundle cannot be read": "证据包无法读取",
    "the bundle cannot be packed ({})": "证据包无法打包（{}）",
    "that is no name of an object": "不是对象的名称",
    "Check its address and free space, and who may write there": "请检查其地址、剩余空间和写入权限",
    "the store cannot be used ({})": "存储位置无法使用（{}）",
    "something else is there under this name, and is left as it is": "此名称下已有其他内容，保持原样",
    "an object has no more than {} GiB": "对象不得超过 {} GiB",
    "Check its address, credentials and free space; it is tried again": "请检查其地址、凭据和剩余空间；将会重试",
    "what is there is not as long as what was put": "所存内容的长度与写入时不符",
    "it is no address of an object store": "不是对象存储的地址",
    "Write s3://bucket/prefix or file:///folder": "请写成 s3://桶/前缀 或 file:///文件夹",
    "the variable {} is not set": "环境变量 {} 没有设置",
    "Set {} where the program is started": "请在启动程序的环境中设置 {}",
    "buckets need the package obstore": "使用存储桶需要 obstore",
    "Install what it needs with: pip install 'streetproof[s3]'": "请安装：pip install 'streetproof[s3]'",
    "the folder cannot be used ({})": "文件夹无法使用（{}）",
    "Check that it exists and may be written to": "请检查其是否存在、是否可写",
    # what is found wrong with a copy
    "it is not there": "不存在",
    "it does not verify ({})": "核验未通过（{}）",
    "it is another case than the one here": "与此处的案件不同",
    # what the operating system says
    "No such file or directory": "没有这样的文件或文件夹",
    "Permission denied": "没有权限",
    "Operation not permitted": "不允许此操作",
    "No space left on device": "磁盘空间不足",
    "Disk quota exceeded": "超出磁盘配额",
    "Read-only file system": "文件系统为只读",
    "Is a directory": "是文件夹",
    "Not a directory": "不是文件夹",
    "File exists": "文件已存在",
    "Directory not empty": "文件夹不为空",
    "File name too long": "文件名过长",
    "Input/output error": "磁盘读写错误",
    "Too many open files": "打开的文件过多",
    "Connection refused": "连接被拒绝",
    # the site file as a file; the mistakes in it quote it, and stay as they are
    "the file is larger than {} MiB": "文件超过 {} MiB",
    "This is no site file": "这不是站点文件",
    "the file expands to more than {} values": "文件展开后超过 {} 个值",
    "Remove the YAML aliases": "请去掉 YAML 别名",
    "the file cannot be read: {}": "文件无法读取：{}",
    "Check the path and its permissions": "请检查路径及其权限",
    "not valid YAML: {}": "不是有效的 YAML：{}",
    "Check indentation and quotes there": "请检查该处的缩进和引号",
    "Save the file as UTF-8 YAML": "请将文件存为 UTF-8 编码的 YAML",
    "the key `{}` stands twice in one mapping": "键 `{}` 在同一处出现两次",
    "Remove one of them": "请删去其一",
    "the file holds no site": "文件中没有站点",
    "Start from configs/demo/site.yaml; it explains each field": "请从 configs/demo/site.yaml 开始，其中说明了每一项",
    "Correct the classes of the rule, or use another model": "请改正规则的类别，或换用其他模型",
}
