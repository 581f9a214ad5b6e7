"""PolyGlotFake: clips in several languages, dubbed into others."""

import json

from made.trees import Tree

REAL = [f"{language}_{number}" for language in ("ar", "en", "es", "zh") for number in (1, 2)]
FAKE = [(f"{real}_to_ru_{speech}", real, speech) for real in REAL for speech in ("Xtts", "Bark")]
PEOPLE = {
    "videos": [
        {
            "filename": f"{name}.mp4",
            "lang": name[:2],
            "source": f"URL:https://example.org/{min(number, 6)}",
            "characters": [{"age": 30 + number, "sex": "female"}],
        }
        for number, name in enumerate(REAL)
    ]
}
DUBBED = {
    "video": [
        {"filename": f"{name}.mp4", "tts_technique": speech, "sync_tech": "Wav2Lip", "target_lang": "ru"}
        for name, _, speech in FAKE
    ]
}

TREE = Tree(
    [f"real/{name[:2]}/{name}.mp4" for name in REAL] + [f"fake/to_ru/{name}.mp4" for name, *_ in FAKE],
    texts={
        "json_file/real_json_file/all_real_video.json": json.dumps(PEOPLE),
        "json_file/fake_Json_file/all_fake_video.json": json.dumps(DUBBED),
    },
    odd={"real/es/en_9.mp4": "name does not fit", "fake/to_ru/es_1_to_fr_Xtts.mp4": "name does not fit"},
)
