"""The terms of use of well-known corpora, where their people come from, and the papers to cite."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """Where a corpus's `people` come from, what `use` its authors allow, and the `paper` to cite."""

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
    "ciplab": Terms(
        "persons in photos whose source isn't stated",
        "by the terms of its page on Kaggle",
        "CIPLAB, Yonsei University, Real and Fake Face Detection, 2019",
    ),
    "communityforensics": Terms(
        "persons in photos of LAION, FFHQ, COCO and others, not asked, and generated images",
        "CC BY 4.0 for research, the smaller sets CC BY-NC-SA 4.0; the generators' own licences hold too",
        "Park and Owens, Community Forensics: Using Thousands of Generators to Train Fake Image Detectors, "
        "CVPR 2025",
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
    "deepfakebench": Terms(
        "persons of the corpora in it, such as FaceForensics++, Celeb-DF and DFDC",
        "CC BY-NC 4.0 for its lists; the terms of each corpus in it hold too",
        "Yan et al., DeepfakeBench: A Comprehensive Benchmark of Deepfake Detection, NeurIPS Datasets and "
        "Benchmarks 2023",
    ),
    "avdeepfake1m": Terms(
        "speakers of VoxCeleb2 and LRS3 in clips from YouTube, not asked",
        "on request, for research without commerce, after signing its agreement",
        "Cai et al., AV-Deepfake1M: A Large-Scale LLM-Driven Audio-Visual Deepfake Dataset, ACM MM 2024",
    ),
    "deepspeak": Terms(
        "participants who consented",
        "on request; free for academic institutions, for a fee for others",
        "Barrington et al., The DeepSpeak Dataset, arXiv:2408.05366",
    ),
    "dfdm": Terms(
        "celebrities in YouTube interviews (Celeb-DF), not asked",
        "for academic research without commerce; Celeb-DF's terms hold too",
        "Jia, Li and Lyu, Model Attribution of Face-Swap Deepfake Videos, ICIP 2022",
    ),
    "df40": Terms(
        "persons of FaceForensics++, Celeb-DF and other corpora, not asked, and generated faces",
        "CC BY-NC 4.0; the terms of the corpora it was made from hold too",
        "Yan et al., DF40: Toward Next-Generation Deepfake Detection, NeurIPS Datasets and Benchmarks 2024",
    ),
    "dffd": Terms(
        "persons of other corpora (FFHQ, CelebA, FaceForensics++), and generated faces",
        "on request, for research; the terms of the corpora it was made from hold too",
        "Dang et al., On the Detection of Digital Face Manipulation, CVPR 2020",
    ),
    "fakeavceleb": Terms(
        "celebrities in YouTube interviews (VoxCeleb2), not asked",
        "on request, by the terms of the authors' form",
        "Khalid et al., FakeAVCeleb: A Novel Audio-Video Multimodal Deepfake Dataset, NeurIPS Datasets and "
        "Benchmarks 2021",
    ),
    "ffiw": Terms(
        "persons in YouTube clips, not asked",
        "on request, by the authors' terms to use",
        "Zhou et al., Face Forensics in the Wild, CVPR 2021",
    ),
    "genimage": Terms(
        "persons in photos of ImageNet, not asked, and generated images",
        "CC BY-NC-SA 4.0, without commerce, by the authors' own terms",
        "Zhu et al., GenImage: A Million-Scale Benchmark for Detecting AI-Generated Image, NeurIPS Datasets "
        "and Benchmarks 2023",
    ),
    "idforge": Terms(
        "54 celebrities in clips from the internet, not asked; stand-ins who aren't named",
        "on request",
        "Xu et al., Identity-Driven Multimedia Forgery Detection via Reference Assistance, ACM MM 2024",
    ),
    "kodf": Terms(
        "actors who took part",
        "on request, by the terms of the authors' form or of AI-Hub",
        "Kwon et al., KoDF: A Large-scale Korean DeepFake Detection Dataset, ICCV 2021",
    ),
    "lavdf": Terms(
        "speakers of VoxCeleb2 in clips from YouTube, not asked",
        "for research and teaching without commerce, after agreeing to its terms; VoxCeleb2's hold too",
        "Cai et al., Do You Really Mean That? Content Driven Audio-Visual Deepfake Dataset and Multimodal "
        "Method for Temporal Forgery Localization, DICTA 2022",
    ),
    "polyglotfake": Terms(
        "persons in YouTube clips, not asked",
        "for academic institutions, for research",
        "Hou et al., PolyGlotFake: A Novel Multilingual and Multimodal DeepFake Dataset, arXiv:2405.08838",
    ),
    "talkingheadbench": Terms(
        "persons in photos of FFHQ, not asked; the motion is of persons in CelebV-HQ",
        "MIT by its card; the terms of FFHQ, CelebV-HQ and FaceForensics++ hold too",
        "Xiong et al., TalkingHeadBench: A Multi-Modal Benchmark & Analysis of Talking-Head DeepFake "
        "Detection, arXiv:2505.24866",
    ),
    "uadfv": Terms(
        "persons in YouTube clips, not asked",
        "on request, by the terms of the authors' form",
        "Yang, Li and Lyu, Exposing Deep Fakes Using Inconsistent Head Poses, ICASSP 2019",
    ),
    "voxceleb2": Terms(
        "celebrities in YouTube interviews (VoxCeleb2), not asked",
        "by the terms of the corpus that was made from them, on request",
        "Chung, Nagrani and Zisserman, VoxCeleb2: Deep Speaker Recognition, Interspeech 2018",
    ),
    "wilddeepfake": Terms(
        "persons in clips from the internet, not asked",
        "on request, for research without commerce",
        "Zi et al., WildDeepfake: A Challenging Real-World Dataset for Deepfake Detection, ACM MM 2020",
    ),
}
"""By the family of a layout, or by corpus where a corpus has one of these names."""


def terms_of(corpus: str, families: dict[str, str]) -> Terms:
    """Return the terms of a corpus, or UNKNOWN; `families` maps each corpus of a dataset to its family."""
    return TERMS.get(corpus) or TERMS.get(families.get(corpus, ""), UNKNOWN)


def landmark_terms(cfg: dict, steps: dict[str, dict[str, dict]]) -> str:
    """Return what restricts the use of a dataset's landmarks; "" if nothing does.

    `cfg` is the dataset's section, and `steps` the settings by corpus, as for the card.
    """
    faces = {corpus: steps.get(corpus, {}).get("faces", {}) for corpus in cfg["corpora"]}
    found = [corpus for corpus, settings in faces.items() if settings.get("landmarks") == 68]
    if not found or cfg["images"] != "faces":
        return ""
    return (
        f"The landmarks of {', '.join(found)} were found by dlib's 68-point model. The data on which it was "
        "trained, iBUG 300-W, exclude commercial use."
    )
