"""DeeperForensics: fakes only, made from FaceForensics++'s videos."""

from made.trees import Tree

TREE = Tree(
    [f"manipulated_videos/end_to_end/00{i}_M10{i}.mp4" for i in range(6)]
    + [f"manipulated_videos/reenact_postprocess/01{i}_W10{i}.mp4" for i in range(3)],
    texts={"lists/splits/train.txt": "000_M100.mp4\n", "lists/splits/test.txt": "001_M101.mp4\n"},
    odd={"source_videos/M101/BlendShape/camera_front/M101.mp4": "a source video"},
)
