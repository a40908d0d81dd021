"""A model's card for people, Chinese and English."""

from __future__ import annotations

from typing import Any

LICENCE_NOTE = (
    "Ultralytics' code and weights, and models trained with them, are AGPL-3.0: whoever offers a service with this "
    "model has that licence's duties, or needs Ultralytics' other licence.\n\n"
    "Ultralytics 的代码、权重及由其训练的模型适用 AGPL-3.0："
    "以本模型对外提供服务，须履行该许可证的义务，或取得其商业许可。"
)


def as_text(card: dict[str, Any]) -> str:
    """Markdown."""
    model, data, training, metrics = card["model"], card["dataset"], card["training"], card["metrics"]
    difference = card["export"]["difference"]
    base = card["base"]
    begun = (
        f"{base['name']}, without any weights: **trained from nothing** 未使用预训练权重"
        if base["from_nothing"]
        else f"{base['name']} (SHA-256 {base['sha256']})"
    )
    tries = ", ".join(map(str, training["tries"]))
    lines = [
        f"# {card['name']}",
        "",
        f"Made 生成时间: {card['made_at']}. Licence 许可证: **{card['licence']}**.",
        "",
        LICENCE_NOTE,
        "",
        "| | |",
        "|---|---|",
        f"| File 文件 | {model['file']}, SHA-256 {model['sha256']} |",
        f"| Input 输入 | {model['input_size'][0]} × {model['input_size'][1]}, layout `{model['layout']}`, "
        f"{model['parameters']} parameters 参数 |",
        f"| Begun with 初始权重 | {begun} |",
        f"| Data set 数据集 | {data['file']}, SHA-256 {data['sha256']} |",
        f"| Pictures 图片 | train {data['images']['train']} ({data['backgrounds']['train']} background 背景), "
        f"val {data['images']['val']} ({data['backgrounds']['val']} background 背景) |",
        f"| Epochs 轮数 | {training['epochs_done']} of {training['epochs']}; begun at epoch {tries} |",
        f"| Settings 参数 | imgsz {training['imgsz']}, batch {training['batch']}, seed {training['seed']}, patience "
        f"{training['patience']}, device {training['device']}, optimiser {training['optimiser']} |",
        f"| Versions 版本 | {', '.join(f'{name} {version}' for name, version in card['versions'].items())} |",
        "",
        "## How well 指标",
        "",
        f"On `{metrics['on']}`, {metrics['of']}; so they are a little too good. 在验证集上测得，略偏乐观。",
        "",
        "| " + " | ".join(metrics["values"]) + " |",
        "|" + "--:|" * len(metrics["values"]),
        "| " + " | ".join("unknown" if v is None else f"{v:.3f}" for v in metrics["values"].values()) + " |",
        "",
        "| class 类别 | boxes train | boxes val |",
        "|---|--:|--:|",
        *(
            f"| {name} | {data['boxes']['train'][name]} | {data['boxes']['val'][name]} |"
            for name in data["boxes"]["train"]
        ),
        "",
        f"ONNX against the weights, on {card['export']['compared_on']}: {difference['boxes']} boxes, "
        f"{difference['lost']} lost, {difference['added']} new, scores off by up to {difference['score_max']:.5f}, "
        f"outputs by up to {difference['numbers']:.6f}.",
        "",
        "Not known 未知: how it does at other cameras, at night, in rain. Measure on your own footage before you rely "
        "on it (docs/replay.md). 其他摄像头、夜间、雨天的效果未知，使用前须以自有录像评测。",
    ]
    return "\n".join(lines) + "\n"
