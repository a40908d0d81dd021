"""Chinese for recordings: their chain, reading and cutting them, sealing what they show."""

RECORDINGS = {
    # the command `recordings`
    "Name the folder `recordings` of the daemon's data": "请指定守护进程数据中的 `recordings` 文件夹",
    "there is no segment in this folder": "此文件夹中没有录像片段",
    "nothing is held for {}": "没有为 {} 保留录像",
    "Give the id of a case that this daemon sealed; one that was released before holds nothing any more": (
        "请填写本守护进程封存的案件编号；已解除保留的案件不再保留录像"
    ),
    "this is no data folder of the daemon: it has no `recordings`": "不是守护进程的数据文件夹：其中没有 `recordings`",
    "Give its --data": "请指定其 --data",
    "a legal hold is on this case, which keeps its footage as well": "本案已保全，其录像也须保留",
    "Lift it with `streetproof retention lift` once it is over": "事由结束后请用 `streetproof retention lift` 解除",
    "another daemon works in this folder": "另一守护进程正在使用此文件夹",
    "`streetproof status` shows it; stop it first, or name another folder": (
        "可用 `streetproof status` 查看；请先停止，或另行指定文件夹"
    ),
    # what a check of their chain finds
    "{} is not there": "{} 不存在",
    "{} is not the file that was recorded": "{} 不是当时录制的文件",
    "number {} exists twice": "第 {} 号片段重复",
    "{} segment before number {} are neither there nor deleted": "第 {1} 号之前有 {0} 个片段缺失，且没有删除记录",
    "{} segments before number {} are neither there nor deleted": "第 {1} 号之前有 {0} 个片段缺失，且没有删除记录",
    "number {} does not follow on what number {} is now": "第 {} 号片段与现有的第 {} 号片段不衔接",
    "is no segment of this recorder": "不是本系统录制的片段",
    "Keep the file aside, and see what the log says of that time": "请将文件另行保存，并查看该时段的运行日志",
    "is damaged: its boxes do not fill it": "已损坏：内部结构与文件长度不符",
    "has no closing: it was cut off": "没有结尾记录：文件被截断",
    "holds a record that cannot be believed ({})": "所含记录不可信（{}）",
    # segments, as they are read and written
    "cannot be {}: {}": "无法{}：{}",
    "written": "写入",
    "read": "读取",
    "recovered": "恢复",
    "Check the disk and who may write to the folder of recordings": "请检查磁盘和录像文件夹的写入权限",
    "Make room: shorten the retention of footage, or give the recordings a larger disk": (
        "请腾出空间：缩短录像保存期限，或更换更大的磁盘"
    ),
    "libav wrote no moov": "libav 没有写入 moov",
    "libav wrote {}": "libav 写入了 {}",
    "was abandoned": "已放弃",
    "exists already, and is never overwritten": "已存在，不得覆盖",
    "See whether another process records this camera into the same folder": (
        "请检查是否有另一进程将该摄像机录入同一文件夹"
    ),
    "was closed before": "先前已关闭",
    "ticks of {} s cannot be kept exactly in a segment": "{} 秒的时间刻度无法在片段中精确保存",
    "Let the camera send RTSP, whose ticks are 1/90000 s": "请让摄像机以 RTSP 发送，其刻度为 1/90000 秒",
    "is still being written by another process": "另一进程仍在写入",
    "End that process first": "请先结束该进程",
    "its {} packets cannot be stored: {}": "其 {} 数据包无法保存：{}",
    "Set the camera to H.264 or H.265": "请将摄像机设为 H.264 或 H.265",
    "line {} is damaged: {}": "第 {} 行已损坏：{}",
    "it is too long": "过长",
    "Restore it from a backup; keep the damaged file": "请从备份恢复；损坏的文件请保留",
    # recordings that are read, and cut
    "nothing tells when it was recorded ({})": "无法得知录制时间（{}）",
    "Give its start with --start, set the site's time zone, or add a file name pattern for its names": (
        "请用 --start 指定起始时间，或设置站点时区，或添加文件名格式"
    ),
    "no recording is found there": "此处没有找到录像",
    "Folders and globs are searched for {}; other files can be named": "文件夹和通配符只查找 {}；其他文件可逐一指定",
    "not one frame of its {} packets can be decoded": "其 {} 个数据包中没有一帧可以解码",
    "Export the recording again": "请重新导出录像",
    "no container of {} takes its {} packets unchanged": "{} 封装格式不能原样容纳其 {} 数据包",
    "Keep the whole recording as the evidence": "请以整段录像作为证据",
    "cannot cut from pts {} back to {}": "不能从时间戳 {} 倒回截取到 {}",
    "there is no keyframe to cut from between pts {} and {}": "时间戳 {} 与 {} 之间没有可供截取的关键帧",
    "Choose a longer range": "请选择更长的范围",
    "the recording ends before pts {}": "录像在时间戳 {} 之前结束",
    "Choose an earlier range": "请选择更早的范围",
    "shows pts {}, which is not behind pts {} of the recording in front of it": (
        "时间戳为 {}，没有晚于前一录像的时间戳 {}"
    ),
    "Name the parts in their order, each with its own shift": "请按次序列出各段，并分别给出时间偏移",
    "there is nothing to cut from": "没有可供截取的录像",
    "tells no order of presentation, and cannot be joined": "没有显示次序，无法拼接",
    "is {}, and {} is {}": "为 {}，而 {} 为 {}",
    "Cut one clip in front of the change, and one behind it": "请在变化处前后分别截取",
    "was coded with other parameter sets than the recording before it": "编码参数集与前一录像不同",
    "Cut one clip in front of it, and one from there on": "请在其前后分别截取",
    "Export the picture as well as the sound": "请连同画面一起导出",
    "holds no video, only {}": "没有视频，只有 {}",
    "holds no streams at all": "没有任何媒体流",
    "its video is coded as {}, which is not supported": "视频编码为 {}，不受支持",
    "Export as H.264 or H.265": "请导出为 H.264 或 H.265",
    "its time base {} is unusable": "其时间基 {} 无法使用",
    "Remux it with a sane time base": "请以正常的时间基重新封装",
    "the size of its picture could not be found: no decodable frame near the beginning": (
        "无法得知画面尺寸：开头附近没有可解码的画面"
    ),
    "its picture of {}x{} is larger than {} pixels": "画面 {}×{} 超过 {} 像素",
    "is a folder, not a recording": "是文件夹，不是录像",
    "Name the files in it": "请指定其中的文件",
    "is not a regular file": "不是普通文件",
    "Copy the recording to a disk first": "请先将录像复制到磁盘",
    "is empty (0 bytes)": "为空（0 字节）",
    "Check that it exists and who may read it": "请检查其是否存在及读取权限",
    "is no recording of a known kind, or damaged beyond opening ({})": "不是已知类型的录像，或损坏到无法打开（{}）",
    "Export the recording again, or convert it without re-encoding to MP4 or TS": (
        "请重新导出录像，或不重新编码地转为 MP4 或 TS"
    ),
    "has a header but not one packet of video": "有文件头，而没有一个视频数据包",
    # what cannot be sealed
    "there is no frame with pts {}, though something was seen in it": "没有时间戳为 {} 的画面，而称在其中看到目标",
    "Observe the recording again: it is not the one that was looked at, or its start was another": (
        "请重新分析该录像：它不是当时查看的录像，或起始时间不同"
    ),
    "the segment holds another stream than it was opened for": "片段中的媒体流与打开时不同",
    "Keep the file for inquiry: it is not what was recorded": "请保留文件备查：它不是当时录制的内容",
    "there is no frame at {}, though something was seen in it": "{} 处没有画面，而称在其中看到目标",
    "Where it was seen in another stream of the camera, give the tolerance within which to look": (
        "如目标见于该摄像机的另一码流，请给出查找的容差"
    ),
    "no recorded frame is near enough to any moment at which it was seen": "没有足够接近各次看到时刻的录像画面",
    "See whether the camera's main stream was recorded at that time": "请检查当时是否录制了该摄像机的主码流",
    "the recording is no longer the one that was observed: its SHA-256 is another": (
        "录像已不是当时分析的文件：SHA-256 不符"
    ),
    "Bring the observed file back, or run again to observe this one": "请找回当时分析的文件，或重新运行以分析此文件",
    "the recording was changed while it was sealed": "录像在封存过程中被改动",
    "Seal recordings that are finished": "请封存已录制完毕的录像",
    "the recording cannot be read ({})": "录像无法读取（{}）",
    "Bring it back": "请找回该文件",
    "a picture cannot be coded as PNG": "图像无法编码为 PNG",
    "its plate is to be read, and there is nothing to read it with": "要求识别号牌，而没有可用的识别模型",
    "a bundle of this case exists but does not verify as sealed with this site key ({})": (
        "已有本案的证据包，但未能核验为由本站点密钥封存（{}）"
    ),
    "it is another case": "是另一案件",
    "Keep it as it is for inquiry under another name, then run again": "请改名原样保留备查，然后重新运行",
    "the new bundle does not verify ({})": "新封存的证据包核验未通过（{}）",
    "the bundle cannot be written ({})": "证据包无法写入（{}）",
    "the policy given is not the one that the violation was judged by": "所给规则不是认定时所用的规则",
    "Judge the footage again with the current policy": "请用现行规则重新认定",
    "the policy cannot be written as canonical JSON ({})": "规则无法写成规范的 JSON（{}）",
    "the detections cannot be written as canonical JSON ({})": "检测结果无法写成规范的 JSON（{}）",
    "the case cannot be written as canonical JSON ({})": "案件无法写成规范的 JSON（{}）",
    "the bundle cannot be packed as a zip ({})": "证据包无法打包为 zip（{}）",
    "Keep it as a folder": "请以文件夹形式保存",
}
