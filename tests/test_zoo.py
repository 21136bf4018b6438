"""Every network of the zoo against published counts.

Parameters and multiply-adds (in billions, to three places) of torchvision's networks are those in the metadata of
its weights, torchvision 0.29: `num_params` and `_ops`; file sizes are `_file_size`, in MiB. The others' sources stand
beside them.
"""

import json

import pytest

from convcalc.network.receptive import fields
from convcalc.network.summary import Summary, summarize
from convcalc.network.zoo import ZOO, entry, named
from tests.conftest import Convcalc

PUBLISHED = {
    "alexnet": (61_100_840, 0.714), "vgg11": (132_863_336, 7.609), "vgg13": (133_047_848, 11.308),
    "vgg16": (138_357_544, 15.47), "vgg19": (143_667_240, 19.632), "vgg11_bn": (132_868_840, 7.609),
    "vgg13_bn": (133_053_736, 11.308), "vgg16_bn": (138_365_992, 15.47), "vgg19_bn": (143_678_248, 19.632),
    "resnet18": (11_689_512, 1.814), "resnet34": (21_797_672, 3.664), "resnet50": (25_557_032, 4.089),
    "resnet101": (44_549_160, 7.801), "resnet152": (60_192_808, 11.514), "resnext50_32x4d": (25_028_904, 4.23),
    "resnext101_32x8d": (88_791_336, 16.414), "resnext101_64x4d": (83_455_272, 15.46),
    "wide_resnet50_2": (68_883_240, 11.398), "wide_resnet101_2": (126_886_696, 22.753),
    "densenet121": (7_978_856, 2.834), "densenet161": (28_681_000, 7.728), "densenet169": (14_149_480, 3.36),
    "densenet201": (20_013_928, 4.291), "googlenet": (6_624_904, 1.498), "inception_v3-aux": (27_161_264, None),
    "squeezenet1_0": (1_248_424, 0.819), "squeezenet1_1": (1_235_496, 0.349), "mobilenet_v2": (3_504_872, 0.301),
    "mobilenet_v3_small": (2_542_856, 0.057), "mobilenet_v3_large": (5_483_032, 0.217),
    "shufflenet_v2_x0_5": (1_366_792, 0.04), "shufflenet_v2_x1_0": (2_278_604, 0.145),
    "shufflenet_v2_x1_5": (3_503_624, 0.296), "shufflenet_v2_x2_0": (7_393_996, 0.583),
    "efficientnet_b0": (5_288_548, 0.386), "convnext_tiny": (28_589_128, 4.456),
    # torchvision's own count is with the auxiliary head, which its `_ops` leave out.
    "inception_v3": (23_834_568, 5.713),
    # samples/digits/net.py: 8·(9 + 1) + 16·(8·9 + 1) + 10·(64 + 1).
    "digits": (1_898, None),
    # LeCun and others (1998), section II.B: "60,000 trainable parameters".
    "lenet5-1998": (60_000, None),
    # The sum over its five layers: 156 + 2,416 + 48,120 + 10,164 + 850.
    "lenet5": (61_706, None),
    # Krizhevsky and others (2012), layer by layer as Caffe's bvlc_alexnet has them: 60,965,224.
    "alexnet-2012": (60_965_224, None),
}  # fmt: skip
FILE_MIB = {"resnet50": 97.8, "vgg16": 527.8, "alexnet": 233.1, "densenet201": 77.4, "mobilenet_v2": 13.555}
LENET_1998 = {"c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48_120, "f6": 10_164, "output": 0}
"""The 1998 paper's own figures for each layer (section II.B)."""


def counted(name: str) -> Summary:
    return summarize(name, *ZOO[name].build())


@pytest.mark.parametrize("name", ZOO)
def test_every_network_has_its_published_counts(name: str) -> None:
    parameters, billions = PUBLISHED[name]
    summary = counted(name)
    assert summary.weights == parameters
    if billions is not None:
        assert round(summary.multiply_adds / 1e9, 3) == billions


@pytest.mark.parametrize(
    ("name", "expected"), [("alexnet", 714_188_480), ("vgg16", 15_470_264_320), ("resnet50", 4_089_184_256)]
)
def test_multiply_adds_to_the_last(name: str, expected: int) -> None:
    assert counted(name).multiply_adds == expected


@pytest.mark.parametrize(
    ("name", "layer", "size", "jump"),
    [
        # Araujo, Norris and Sim (Distill, 2019), table 1, and its calculator.
        ("alexnet", "features.12", 195, 32),
        ("vgg16", "features.30", 212, 32),
        ("resnet50", "layer4.2.relu", 427, 32),
    ],
)
def test_receptive_fields(name: str, layer: str, size: int, jump: int) -> None:
    trace, _ = ZOO[name].build()
    last = [node for node in trace.nodes if node.name == layer][-1]
    field = fields(trace)[last.index]
    assert field is not None
    assert {(int(along.size), int(along.jump), along.whole) for along in field.axes} == {(size, jump, False)}


@pytest.mark.parametrize("name", FILE_MIB)
def test_the_size_on_disk_is_the_published_files(name: str) -> None:
    assert counted(name).on_disk / 2**20 == pytest.approx(FILE_MIB[name], rel=0.01)  # the file has a head, too


def test_lenet_of_the_paper_layer_by_layer() -> None:
    summary = counted("lenet5-1998")
    found = {node.name: node.weights.value for node in summary.nodes if node.name in LENET_1998}
    assert found == LENET_1998
    c3 = next(node for node in summary.nodes if node.name == "c3")
    assert c3.multiply_adds.value + 16 * 100 == 151_600  # the paper's "connections" count the biases


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ({"conv1": 9408, "layer1": 215_808, "layer2": 1_219_584, "layer3": 7_098_368, "layer4": 14_964_736,
          "fc": 2_049_000}, "resnet50"),  # torchvision's state_dict, added up by part
        ({"features": 3_747_200 - 1_277_504, "classifier": 58_631_144}, "alexnet"),
        ({"features": 14_714_688, "classifier": 123_642_856}, "vgg16"),
    ],
)  # fmt: skip
def test_parts_add_up(rows: dict[str, int], name: str) -> None:
    found = {row.name: row.weights for row in counted(name).rows if row.name in rows}
    assert found == rows


@pytest.mark.parametrize("name", ZOO)
def test_a_row_is_the_sum_of_its_rows_and_writes_it_out(name: str) -> None:
    def check(rows: list[object]) -> None:
        for row in rows:
            inner = row.rows  # type: ignore[attr-defined]
            if inner:
                for what in ("weights", "multiply_adds", "memory", "buffers"):
                    assert getattr(row, what) == sum(getattr(one, what) for one in inner)
                check(inner)

    summary = counted(name)
    check(list(summary.rows))
    assert sum(row.weights for row in summary.rows) == summary.weights


@pytest.mark.parametrize(
    "word", ["ResNet-50", "resnet_50", "RESNET50", "lenet", "VGG-16 bn", "Inception", "squeezenet"]
)
def test_names_are_found_however_they_are_spelled(word: str) -> None:
    assert entry(word) is ZOO[str(named(word))]


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "squeezenet1_0", "mobilenet_v3_small", "convnext_tiny"])
def test_the_last_layer_is_replaced(convcalc: Convcalc, name: str) -> None:
    whole = json.loads(convcalc("model", name, "--classes", "10", "--freeze", "--format", "json").stdout)
    trained = [row for row in whole["rows"] if row["trainable"]]
    assert [row["layer"].split("→")[1].split(",")[0] for row in trained] == ["10"]
    assert (whole["totals"]["output"], whole["totals"]["trainable"]) == ("10", trained[0]["parameters"])


def test_transfer_learning_trains_20490(convcalc: Convcalc) -> None:
    shown = convcalc("model", "resnet50", "--classes", "10", "--freeze").stdout
    assert "trainable 20,490, frozen 23,508,032" in shown
    assert "10×(2048 + 1) = 20,490" in shown


def test_freezing_up_to_a_part(convcalc: Convcalc) -> None:
    shown = convcalc("model", "resnet50", "--freeze-to", "layer3").stdout
    assert f"trainable {14_964_736 + 2_049_000:,}" in shown


@pytest.mark.slow
def test_the_zoo_lists_the_lectures_seven(convcalc: Convcalc) -> None:
    shown = convcalc("zoo").stdout
    for figure in ("61,706", "60,000", "61,100,840", "60,965,224", "138,357,544", "23,834,568", "27,161,264",
                   "25,557,032", "25,028,904", "20,013,928"):  # fmt: skip
        assert figure in shown
    listed = convcalc("zoo", "--all").stdout
    assert all(name in listed for name in ZOO)
