"""FakeAVCeleb: persons of VoxCeleb2 with their interview, its sound cloned, and fakes of its picture."""

from made.trees import Tree

PLACES = [
    f"African/{gender}/id0007{number}"
    for number, gender in enumerate(("men", "women", "men", "men", "women"))
] + ["Caucasian (American)/women/id00018", "Caucasian (American)/men/id00020"]
REAL = [f"RealVideo-RealAudio/{place}/00109.mp4" for place in PLACES]
FAKE_AUDIO = [f"RealVideo-FakeAudio/{place}/00109_fake.mp4" for place in PLACES[:2]]
FAKE = [f"FakeVideo-RealAudio/{place}/00109_id0017{i}_UHoMXLSjlDo.mp4" for i, place in enumerate(PLACES)]
BOTH = [f"FakeVideo-FakeAudio/{place}/00109_id00475_wavtolip.mp4" for place in PLACES[:3]]
LINE = "{},id00475,-,{},D,FakeVideo-FakeAudio,African,{},{},FakeAVCeleb/{}"


def _line(path: str, method: str) -> str:
    folder, _, name = path.rpartition("/")
    _, _, gender, person = folder.split("/")
    return LINE.format(person, method, gender, name, folder)


TREE = Tree(
    [*REAL, *FAKE_AUDIO, *FAKE, *BOTH],
    texts={
        "meta_data.csv": "\n".join(
            [
                "source,target1,target2,method,category,type,race,gender,path,",
                _line(BOTH[0], "faceswap-wav2lip"),
                _line(BOTH[1], "wav2lip"),
            ]
        )
    },
    odd={
        "FakeVideo-RealAudio/African/men/id00070/id00173.mp4": "name does not fit FakeVideo-RealAudio",
        "RealVideo-RealAudio/African/id00070/00110.mp4": "name does not fit <type>/<race>",
    },
)
