"""IDForge v1: shots of celebrities, and the same shots with other lips, voices or on a stand-in's body."""

from made.trees import Tree

PEOPLE = [f"id0{number}" for number in range(7)]
PRISTINE = [f"pristine/{p}/{p}_03/{p}_scene_0010-{shot}.mp4" for p in PEOPLE for shot in (0, 1)]
LIP = [f"lip_tts_textgen/{p}/{p}_03/{p}_scene_0010-0_fake.mp4" for p in PEOPLE]
LIP += [f"lip_rvc_textmismatch/{p}/{p}_03/{p}_scene_0010-1.mp3.mp4" for p in PEOPLE[:2]]
FACE = [f"face_tts/{p}/{p}_00/{p}_scene_0103_0_simswap.mp4" for p in PEOPLE[:3]]
SOUND = [f"rvc_textmismatch/{p}/{p}_03/{p}_scene_0014.mp3.mp4" for p in PEOPLE[:2]]
ALL = [*PRISTINE, *LIP, *FACE, *SOUND]


def lines(*people: int) -> str:
    return "".join(f"{path}\n" for path in ALL if int(path.split("/")[1][2:]) in people)


TREE = Tree(
    [f"main/{path}" for path in ALL],
    texts={"train.csv": lines(0, 1, 2, 3), "val.csv": lines(4), "test.csv": lines(5, 6)},
    odd={
        "main/pristine/id00/id01_03/id00_scene_0010-0.mp4": "name does not fit",
        "main/face_tts/id00/id00_00/id00_scene_0103_0.mp4": "{roop,simswap,infoswap}",
    },
)
