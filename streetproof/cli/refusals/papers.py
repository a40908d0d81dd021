"""Chinese for what is made of a case: report, sheet, masked copies, re-checks."""

PAPERS = {
    # report and composite sheet
    "the bundle does not verify ({}: {}), and no paper is made of it": "证据包核验未通过（{}：{}），不能据此生成文书",
    "it changed while it was read": "读取过程中被改动",
    "Run the same command again": "请重新运行同一命令",
    "it has changed since the bundle was verified, or is larger than papers can take": (
        "在证据包核验之后被改动，或大于文书所能容纳"
    ),
    "Verify the bundle with `streetproof verify`": "请用 `streetproof verify` 核验证据包",
    "the bundle has no such file": "证据包中没有这个文件",
    "`streetproof verify` says more": "详见 `streetproof verify`",
    "the data folder holds another bundle of this case": "数据文件夹中是本案的另一证据包",
    "Make the papers of that one, or give the data folder that this one is from with --data": (
        "请据该证据包生成文书，或用 --data 指定此证据包所属的数据文件夹"
    ),
    "case.json cannot be told ({})": "case.json 的内容无法表述（{}）",
    "the libraries that make PDFs are not there ({})": "缺少生成 PDF 的程序库（{}）",
    "Install them: sudo apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk": (
        "请安装：sudo apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"
    ),
    "the report names something that it may not show ({})": "报告引用了不得显示的内容（{}）",
    "the report cannot be signed ({})": "报告无法签名（{}）",
    "Look at the site's certificate with `streetproof keys show`": "请用 `streetproof keys show` 查看站点证书",
    "it is no picture that can be shown": "不是可以显示的图像",
    "a picture of {} × {} is too large": "图像过大：{} × {}",
    "the case has no panorama": "案件没有全景图",
    "Check the folder and the free space": "请检查文件夹和剩余空间",
    # masking
    "people and plates cannot be masked without a model that finds them": "没有检测模型，无法遮挡人员和号牌",
    "Name a model (`streetproof models list`), or use the scope all-but-vehicle, which needs none": (
        "请指定模型（`streetproof models list`），或改用不需模型的范围 all-but-vehicle"
    ),
    "cuts {} out of no picture": "{} 没有注明截自哪一图像",
    "cuts {} beyond its picture": "{} 的截取范围超出其图像",
    "names {}, which it does not list": "引用了 {}，而未列出该文件",
    "is not the file that the case lists": "不是案件所列的文件",
    "has two files for the copy {}": "有两个文件对应同一副本 {}",
    "does not list its files": "没有列出其文件",
    "does not say what its pictures are ({})": "没有写明各图像是什么（{}）",
    "does not say what its signs are ({})": "没有写明各标志是什么（{}）",
    "does not say what its clips are ({})": "没有写明各视频是什么（{}）",
    "does not say where the vehicle stands ({}: {})": "没有写明车辆所在位置（{}：{}）",
    "Check the bundle with `streetproof verify`; mask only one that verifies": (
        "请用 `streetproof verify` 核验证据包；只能遮挡核验通过的案件"
    ),
    "Check the bundle with `streetproof verify`": "请用 `streetproof verify` 核验证据包",
    "has no frame that can be decoded": "没有可以解码的画面",
    "does not show its frames at the times of the original": "副本画面的时间与原件不一致",
    "cannot be read back: {}": "写入后无法读回：{}",
    "Check the folder and free space": "请检查文件夹和剩余空间",
    "its picture of {}x{} is too small to mask": "画面 {}×{} 过小，无法遮挡",
    "this model does not find people, so their heads cannot be masked": "该模型不能识别人员，无法遮挡其头部",
    "this model does not find faces, so these cannot be masked": "该模型不能识别人脸，无法遮挡",
    "Name one that has the class `{}`.": "请指定含有类别 `{}` 的模型",
    "is no PNG": "不是 PNG 图像",
    "cannot be read as a picture of {}x{}": "无法读作 {}×{} 的图像",
    "cannot be written as a PNG": "无法写成 PNG 图像",
    "a picture of {}x{} is no copy of one of {}x{}": "{}×{} 的图像不是 {}×{} 图像的副本",
    "cannot be read as a PNG or JPEG": "无法读作 PNG 或 JPEG 图像",
    "is too large a picture: {}x{}": "图像过大：{}×{}",
    "the site reads number plates, but {}": "站点要求识别号牌，但{}",
    "Fetch both models with: streetproof models pull plates; or take `plates` out of the site file": (
        "请用 streetproof models pull plates 取得两个模型；或从站点文件中删去 `plates`"
    ),
    # looking again at the place
    "a window of {} is too short: the rule allows {}, and a place must be seen free for a minute": (
        "复查时长 {} 过短：规则允许停留 {}，且须看到该处空出满一分钟"
    ),
    "Give --window {} or more": "请用 --window {} 或更长",
    "{} lies before the violation: whether it was corrected shows afterwards": (
        "{} 早于违法时间：是否改正须在其后查看"
    ),
    "Give a later time with --at": "请用 --at 指定更晚的时间",
    "a bundle is of one stay only": "一个证据包只涉及一次停留",
    "Leave --stay out": "请去掉 --stay",
    "the bundle does not verify: what it says is not to be built on": "证据包核验未通过：其内容不能作为依据",
    "`streetproof verify {}` names the file that is to blame": "用 `streetproof verify {}` 查看是哪个文件",
    "the case is of site {}, and the site file is of {}": "案件属于站点 {}，而站点文件属于 {}",
    "Give the site file of the case": "请指定该案件的站点文件",
    "the case has no picture of the ground before it was taken, so nobody can tell whether it is free again": (
        "案件没有占用前的地面画面，无法判断现在是否已经清空"
    ),
    "Look at the place yourself": "请到现场查看",
    "a file of events has no picture of the ground before it was taken": "事件文件中没有占用前的地面画面",
    "Give the case's bundle": "请指定该案件的证据包",
    "the site has no camera {}": "站点没有摄像机 {}",
    "Give the site file that has the camera": "请指定含有该摄像机的站点文件",
    "its policy is of a form that this version does not know ({})": "其规则的形式本版本不认识（{}）",
    "no violation in it": "其中没有违法线索",
    "no violation of stay {}": "停留 {} 没有违法线索",
    "{} violations in it": "其中有 {} 条违法线索",
    "{} violations of stay {}": "停留 {1} 有 {0} 条违法线索",
    "Name one with --stay, by its id in the file": "请用 --stay 按文件中的编号指定其一",
    "this is no file of events ({})": "不是事件文件（{}）",
    "a frame that was looked at is no longer there": "曾查看的画面已不存在",
    "this re-check was written before, and evidence is not overwritten": "该次复查已写入，证据不得覆盖",
    "Name another folder with --out": "请用 --out 另行指定文件夹",
    "the evidence cannot be written ({})": "证据无法写入（{}）",
    "Name a folder with --out that can be written": "请用 --out 指定可写的文件夹",
    "a name, and a licence, has {} characters at most": "姓名和执法证号各不超过 {} 个字符",
    "the purpose names the plate that is searched for, and what the ledger holds stays in it": (
        "查看事由中写有所查号牌，而存证日志的内容不可删除"
    ),
    "Name the file or the report that asks for it instead": "请改写案卷或举报的编号",
    "the secret under which searched plates are entered cannot be used ({})": "号牌检索记录的密钥无法使用（{}）",
}
