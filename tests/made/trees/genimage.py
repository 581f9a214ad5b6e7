"""GenImage: images of generators, and photos of ImageNet."""

from made.trees import Tree

TREE = Tree(
    [f"imagenet_ai_0419_biggan/train/ai/{number:03d}_biggan_00012.png" for number in range(4)]
    + [f"imagenet_ai_0419_biggan/train/nature/n0144076{number}_10026.jpg" for number in range(6)]
    + [f"Midjourney/val/ai/{number}_midjourney_7.png" for number in range(4)]
    + [f"Midjourney/val/nature/ILSVRC2012_val_0000029{number}.jpg" for number in range(2)],
    odd={
        "Midjourney/val/others/1.png": "name does not fit",
        "Midjourney/ai/1.png": "name does not fit",
    },
)
