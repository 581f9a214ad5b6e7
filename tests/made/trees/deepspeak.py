"""DeepSpeak: people at their webcams, each put into the recording of the next, with names of v1 and of v2."""

from made.trees import Tree

PEOPLE = range(10, 17)
REAL = [f"{person}-{person}00" for person in PEOPLE]
PAIRS = [(person, person + 1 if person + 1 in PEOPLE else PEOPLE[0]) for person in PEOPLE]
V1 = [(f"facefusion--{s}-{t}--{s}01-{t}00--0", "face-swap", "facefusion", s, t) for s, t in PAIRS]
V2 = [(f"diff2lip-{s}02-{t}00-playht", "lip-sync", "diff2lip", s, t) for s, t in PAIRS[:2]]
FAKE = "\n".join(f"{name}.mp4,{kind},{engine},{s},{t},x,{t}00,real" for name, kind, engine, s, t in V1 + V2)

TREE = Tree(
    [f"videos/{name}.mp4" for name in [*REAL, *(fake[0] for fake in V1 + V2)]],
    texts={
        "annotations-real.csv": "video-file,identity\n" + "\n".join(f"{r}.mp4,{r[:2]}" for r in REAL),
        "annotations-fake.csv": "video-file,kind,engine,identity-source,identity-target,recording-source,"
        f"recording-target,audio-config\n{FAKE}\n",
        "annotations-split-def.csv": "identity,split\n"
        + "".join(f"{person},{'test' if person > 14 else 'train'}\n" for person in PEOPLE),
    },
    odd={"videos/99-1.mp4": "neither annotations-real.csv nor annotations-fake.csv lists it"},
)
