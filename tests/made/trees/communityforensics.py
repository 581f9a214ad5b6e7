"""Community Forensics: the images of one Parquet file, and the table of its columns."""

from made.trees import Tree

HEADER = "member,image_name,model_name,real_source,subset,split,label,architecture"
FAKES = [f"row_{number:07d}/00000162.png" for number in range(8)]
REALS = [f"row_{number:07d}/{number}.jpg" for number in range(8, 16)]
LINES = [HEADER]
LINES += [f"{path},162.png,user/model-{path[10]},LAION,Systematic,train,1,LatDiff" for path in FAKES]
LINES += [f"{path},{path[12:]},FFHQ,FFHQ,Manual,train,0,real" for path in REALS]
LINES += ["row_0000016/5.png,5.png,user/model-1,LAION,Systematic,train,2,LatDiff"]

TREE = Tree(
    [*FAKES, *REALS],
    texts={"rows.csv": "\n".join([*LINES, ""])},
    odd={"row_0000016/5.png": "label is '2', neither 0 nor 1", "other.png": "not in rows.csv"},
)
