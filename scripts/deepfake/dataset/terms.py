"""What is known of the corpora that people use: by whom they are published, and on what terms."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """`people`: how those who are seen came to be in it; `use`: what its authors allow; `paper`: to cite."""

    people: str
    use: str
    paper: str


UNKNOWN = Terms("not known here", "not known here; ask those who made it", "")

TERMS = {
    "demo": Terms("nobody: they are drawn by the workflow", "free for any use", ""),
    "ffpp": Terms(
        "FaceForensics++: persons in YouTube clips, not asked; DFD: actors who agreed and were paid",
        "on request, for research and teaching without commerce; not to be passed on",
        "Rössler et al., FaceForensics++: Learning to Detect Manipulated Facial Images, ICCV 2019",
    ),
    "celebdf": Terms(
        "celebrities in YouTube interviews, not asked",
        "on request, for research and teaching without commerce; not to be passed on",
        "Li et al., Celeb-DF: A Large-scale Challenging Dataset for DeepFake Forensics, CVPR 2020",
    ),
    "dfdc": Terms(
        "actors who agreed and were paid",
        "the rules of the Kaggle competition or the licence that each user accepts; not to be passed on",
        "Dolhansky et al., The DeepFake Detection Challenge (DFDC) Dataset, arXiv:2006.07397, 2020",
    ),
    "deeperforensics": Terms(
        "actors who agreed and were paid, put into clips of FaceForensics++",
        "on request, for research and teaching without commerce; FaceForensics++'s terms hold too",
        "Jiang et al., DeeperForensics-1.0: A Large-Scale Dataset for Real-World Face Forgery Detection, "
        "CVPR 2020",
    ),
    "dffd": Terms(
        "persons of other corpora (FFHQ, CelebA, FaceForensics++), and generated faces",
        "on request, for research; the terms of the corpora it was made from hold too",
        "Dang et al., On the Detection of Digital Face Manipulation, CVPR 2020",
    ),
    "wilddeepfake": Terms(
        "persons in clips from the internet, not asked",
        "on request, for research without commerce",
        "Zi et al., WildDeepfake: A Challenging Real-World Dataset for Deepfake Detection, ACM MM 2020",
    ),
}
"""By family (layouts.FAMILIES) or, where a corpus bears one of these names, by corpus."""


def terms_of(corpus: str, families: dict[str, str]) -> Terms:
    """What is known of a corpus of a dataset whose section says `families`."""
    return TERMS.get(corpus) or TERMS.get(families.get(corpus, ""), UNKNOWN)
