"""Networks in Keras's words: each layer against Keras 3.15 itself, and files of every style against their summaries."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from convcalc import model
from convcalc.errors import ConvcalcError
from convcalc.network.keras.kinds import KERAS, keras_layer
from convcalc.network.keras.shapes import place_of, restored, turned
from convcalc.network.source.keras_applications import KNOWN
from tests.conftest import ROOT, Convcalc

TRUTHS = json.loads((ROOT / "tests" / "sources" / "keras_layers.json").read_text(encoding="utf-8"))
"""Layers with settings, their inputs, and the output, parameters and non-trainable ones that Keras 3.15 gives."""


def made(node: ast.expr) -> Any:
    """Return the layer that is written, or a setting."""
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        named = {str(one.arg): made(one.value) for one in node.keywords}
        return keras_layer(name, tuple(map(made, node.args)), named)
    if isinstance(node, ast.BinOp):
        left, right = made(node.left), made(node.right)
        return left / right if isinstance(node.op, ast.Div) else left * right
    return [made(one) for one in node.elts] if isinstance(node, ast.List) else ast.literal_eval(node)


@pytest.mark.parametrize(("written", "inputs", "output", "parameters", "kept"), TRUTHS, ids=[row[0] for row in TRUTHS])
def test_a_layer_is_keras_own(
    written: str, inputs: list[list[int]], output: list[int], parameters: int, kept: int
) -> None:
    layer = made(ast.parse(written, mode="eval").body)
    shapes = [(1, *shape) for shape in inputs]
    layer.settle(shapes[0])
    assert list(layer.output(*shapes))[1:] == output
    assert (layer.weights.value + layer.buffers.value, layer.buffers.value) == (parameters, kept)
    assert layer.multiply_adds(tuple(shapes), (1, *output)).value >= 0
    assert len(layer.places(shapes[0], (1, *output))) == len(output) + 1
    assert len(layer.reach(shapes[0])) <= max(len(shapes[0]) - 2, 0)


def test_every_layer_has_a_truth() -> None:
    told = {
        ast.unparse(call.func) for row in TRUTHS for call in ast.walk(ast.parse(row[0])) if isinstance(call, ast.Call)
    }
    missing = {name for name in KERAS if name not in told}
    assert missing <= {"Cropping3D", "ConvLSTM3D", "ThresholdedReLU", "RandomBrightness", "RandomWidth", "RandomHeight"}


@pytest.mark.parametrize("rank", range(1, 6))
def test_axes_are_turned_and_restored(rank: int) -> None:
    shape = tuple(range(1, rank + 1))
    assert restored(turned(shape)) == shape
    assert [turned(shape)[place_of(axis, rank)] for axis in range(rank)] == list(shape)


FILES = {
    "a list": """
from keras.models import Sequential
from keras.layers import *
model = Sequential([
    Conv2D(32, (3, 3), padding="same", activation="relu", input_shape=(32, 32, 3)),
    SeparableConv2D(64, 3, strides=2, padding="same"), BatchNormalization(), Activation("relu"),
    DepthwiseConv2D(3, depth_multiplier=2), LeakyReLU(0.1), MaxPooling2D(3, strides=2, padding="same"),
    Conv2DTranspose(8, 4, strides=2, padding="same", use_bias=False), ZeroPadding2D(((1, 0), (2, 1))),
    UpSampling2D(2), SpatialDropout2D(0.2), GlobalAveragePooling2D(), Dense(10, activation="softmax"),
])
""",
    "added one by one, of a dataset": """
from tensorflow import keras
from tensorflow.keras import layers, models
import numpy as np
(x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
x_train = np.expand_dims(x_train.astype("float32") / 255.0, -1)
y_train = keras.utils.to_categorical(y_train, 10)
model = models.Sequential(name="small")
model.add(layers.Input(x_train.shape[1:]))
for filters in (8, 16):
    model.add(layers.Conv2D(filters, 3, activation=keras.activations.relu))
    model.add(layers.MaxPool2D())
model.add(layers.Flatten())
model.add(layers.Dense(y_train.shape[1]))
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
model.fit(x_train, y_train, epochs=1, callbacks=[keras.callbacks.EarlyStopping()])
""",
    "functional, with a shortcut": """
import tensorflow as tf
from tensorflow.keras import layers, Input, Model
def block(x, filters):
    y = layers.Conv2D(filters, 3, padding="same")(x)
    y = layers.BatchNormalization()(y)
    y = layers.ReLU()(y)
    x = layers.Conv2D(filters, 1)(x)
    return layers.add([x, y])
def build(shape=(16, 16, 3), classes=4):
    inputs = Input(shape=shape)
    x = layers.Rescaling(1.0 / 255)(inputs)
    x = block(x, 8)
    x = block(x, 12)
    a = layers.GlobalMaxPooling2D()(x)
    b = layers.Flatten()(layers.AveragePooling2D(4)(x))
    x = layers.concatenate([a, b])
    return Model(inputs=inputs, outputs=layers.Dense(classes)(x), name="two_ways")
if __name__ == "__main__":
    build().summary()
""",
    "classes of its own": """
import keras
from keras import layers
class Block(layers.Layer):
    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")
        self.conv = layers.Conv2D(self.filters, 3)
    def call(self, x, training=False):
        return self.conv(x * self.scale)
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [Block(4), Block(6)]
        self.norm = layers.LayerNormalization()
        self.pool = layers.GlobalAveragePooling2D()
        self.head = layers.Dense(3)
    def call(self, x, training=None):
        for block in self.blocks:
            x = block(x)
        return self.head(self.pool(self.norm(x)))
""",
    "frozen, on a known network": """
from tensorflow.keras.applications import VGG16
from tensorflow.keras import layers, models
base = VGG16(weights="imagenet", include_top=False, input_shape=(64, 64, 3))
for layer in base.layers[:-4]:
    layer.trainable = False
model = models.Sequential([base, layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dense(1)])
""",
    "recurrent": """
from keras.models import Sequential
from keras.layers import Embedding, LSTM, GRU, Bidirectional, Dense, TimeDistributed, SimpleRNN, Dropout
model = Sequential()
model.add(Embedding(1000, 16, input_length=20))
model.add(Bidirectional(LSTM(8, return_sequences=True)))
model.add(GRU(6, return_sequences=True))
model.add(TimeDistributed(Dense(5)))
model.add(SimpleRNN(4))
model.add(Dense(2, activation="sigmoid"))
""",
    "an adversarial pair": """
from keras import layers, models, Input
def make_generator():
    m = models.Sequential(name="generator")
    m.add(layers.Dense(7 * 7 * 8, use_bias=False, input_dim=10))
    m.add(layers.Reshape((7, 7, 8)))
    m.add(layers.Conv2DTranspose(1, 5, strides=4, padding="same", activation="tanh"))
    return m
def make_discriminator():
    m = models.Sequential(name="discriminator")
    m.add(layers.Conv2D(4, 5, strides=2, padding="same", input_shape=(28, 28, 1)))
    m.add(layers.Flatten())
    m.add(layers.Dense(1))
    return m
generator, discriminator = make_generator(), make_discriminator()
discriminator.trainable = False
noise = Input(shape=(10,))
gan = models.Model(noise, discriminator(generator(noise)))
""",
    "three dimensions, and one": """
from keras import Sequential, layers
model = Sequential([
    layers.Conv3D(4, (3, 3, 3), input_shape=(8, 16, 16, 1)), layers.MaxPooling3D((1, 2, 2)),
    layers.Reshape((-1, 4)), layers.Conv1D(6, 5, strides=2, padding="causal"), layers.Permute((2, 1)),
    layers.Dense(3), layers.Flatten(), layers.PReLU(), layers.Dense(2, activation="relu", kernel_regularizer="l2"),
])
""",
}

COUNTED: dict[str, tuple[str, int, int, tuple[int, ...]]] = {
    "a list": ("", 21306, 21178, (10,)),
    "added one by one, of a dataset": ("", 5258, 5258, (10,)),
    "functional, with a shortcut": ("", 2140, 2100, (4,)),
    "classes of its own": ("12x12x3", 374, 374, (3,)),
    "frozen, on a known network": ("", 14747489, 7112225, (1,)),
    "recurrent": ("", 18117, 18117, (2,)),
    "an adversarial pair": ("", 5010, 4121, (1,)),
    "three dimensions, and one": ("", 738, 738, (2,)),
}
"""What is given, and what Keras 3.15 counts: all, trainable, the output."""
ROWS = {
    "a list": [
        ("conv2d", 896),
        ("separable_conv2d", 2400),
        ("batch_normalization", 256),
        ("activation", 0),
        ("depthwise_conv2d", 1280),
        ("leaky_re_lu", 0),
        ("max_pooling2d", 0),
        ("conv2d_transpose", 16384),
        ("zero_padding2d", 0),
        ("up_sampling2d", 0),
        ("spatial_dropout2d", 0),
        ("global_average_pooling2d", 0),
        ("dense", 90),
    ],
    "classes of its own": [
        ("block", 115),
        ("block_1", 226),
        ("layer_normalization", 12),
        ("global_average_pooling2d", 0),
        ("dense", 21),
    ],
    "frozen, on a known network": [("vgg16", 14714688), ("flatten", 0), ("dense", 32784), ("dense_1", 17)],
    "an adversarial pair": [("generator", 4121), ("discriminator", 889)],
    "three dimensions, and one": [
        ("conv3d", 112),
        ("max_pooling3d", 0),
        ("reshape", 0),
        ("conv1d", 126),
        ("permute", 0),
        ("dense", 444),
        ("flatten", 0),
        ("p_re_lu", 18),
        ("dense_1", 38),
    ],
}
"""The rows of `model.summary()`."""


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_its_summary(convcalc: Convcalc, tmp_path: Path, name: str) -> None:
    path = tmp_path / "net.py"
    path.write_text(FILES[name], encoding="utf-8")
    given, parameters, trainable, output = COUNTED[name]
    ran = convcalc("model", str(path), *(["-i", given] if given else []), "--depth", "1")
    assert ran.status == 0, ran.stderr
    lines = [line.split() for line in ran.stdout.splitlines()]
    assert ["Total", "params", f"{parameters:,}"] in lines
    assert ["Trainable", "params", f"{trainable:,}"] in lines
    assert ["Non-trainable", "params", f"{parameters - trainable:,}"] in lines
    assert f"→ (None, {', '.join(map(str, output))})" in " ".join(ran.stdout.split())
    summary = model(path, tuple(map(int, given.split("x"))) if given else None)._summary
    rows = [(row.name, row.weights + row.buffers) for row in summary.rows]
    assert rows == ROWS.get(name, rows)


@pytest.mark.parametrize(
    ("name", "parameters", "headless"),
    [  # Keras 3.15's, with and without their last layers
        ("VGG16", 138_357_544, 14_714_688), ("VGG19", 143_667_240, 20_024_384), ("ResNet50", 25_636_712, 23_587_712),
        ("ResNet101", 44_707_176, 42_658_176), ("ResNet152", 60_419_944, 58_370_944),
        ("MobileNet", 4_253_864, 3_228_864), ("MobileNetV2", 3_538_984, 2_257_984),
    ],
)  # fmt: skip
def test_a_known_network_is_keras_own(tmp_path: Path, name: str, parameters: int, headless: int) -> None:
    assert name in KNOWN
    path = tmp_path / "net.py"
    for call, count, output in (
        (f"{name}()", parameters, (1000,)),
        (f"{name}(include_top=False, pooling='avg')", headless, None),
    ):
        path.write_text(f"from keras.applications import {name}\nnet = {call}\n")
        found = model(path, None if output else (96, 96, 3))
        assert found._summary.weights + found._summary.buffers == count
        assert output is None or found._summary.output[1:] == output


HEAD = "from keras import layers, models, Input, Model, Sequential\n"


@pytest.mark.parametrize(
    ("source", "given", "message", "hint"),
    [
        ("m = Sequential([layers.Dense(2)])", "", "the shape of the input is missing", "-i 28x28x1 (H×W×C)"),
        ("m = Model(i := Input((None, None, 3)), layers.Conv2D(2, 3)(i))", "", "leaves the input's size open",
         "-i 32x32x3"),
        ("m = Sequential([Input((x.shape[1],)), layers.Dense(2)])", "", "the input's shape is not known", "-i 13"),
        ("m = Sequential([Input((5,)), layers.Dense(2)])", "6", "the file's input is (None, 5), and 6 is given",
         "leave -i out"),
        ("m = Sequential([Input((5,)), layers.Conv2D(2, 3)])", "", "Conv2D wants", "reshape"),
        ("m = Sequential([Input((5, 5, 1)), layers.Conv2D(2, 7)])", "", "a kernel of 7 cells does not fit", "kernel"),
        ("m = Sequential([Input((5, 5, 1)), layers.Convolution2D(32, 3, 3)])", "", "read in two ways",
         "Conv2D(32, (3, 3))"),
        ("m = Sequential([Input((5, 5, 1)), layers.Conv2D(2, 3, data_format='channels_first')])", "",
         "is not followed",
         "channels_last"),
        ("import keras.backend as K\nK.set_image_data_format('channels_first')\nm = Sequential([layers.Dense(2)])",
         "5",
         "channels first are not followed", "leave it out"),
        ("m = Sequential([Input((5,)), layers.Dence(2)])", "", "Keras's Dence is not among the layers",
         "did you mean Dense?"),
        ("m = Sequential([Input((5,)), layers.Dense(2, unit=3)])", "", "Dense has no setting 'unit'",
         "did you mean units?"),
        ("a = Sequential([Input((5,)), layers.Dense(2)])\nb = Sequential([Input((5,)), layers.Dense(3)])", "",
         "has several models: a, b", "--class b"),
        ("def f(n):\n    return Sequential([layers.Dense(n)])", "5", "f needs n", '--class "f(…)"'),
        ("from keras.applications import Xception\nm = Xception()", "", "Xception is not among the networks",
         "VGG16"),
        ("i, j = Input((5,)), Input((5,))\nm = Model(i, layers.add([i, j]))", "", "depend on input_layer_1", ""),
        ("i = Input((4, 4, 1))\nm = Model(i, layers.concatenate([i, layers.Conv2D(2, 3)(i)]))", "", "do not fit",
         "one axis"),
    ],
)  # fmt: skip
def test_what_does_not_work_is_said(
    convcalc: Convcalc, tmp_path: Path, source: str, given: str, message: str, hint: str
) -> None:
    (tmp_path / "net.py").write_text(HEAD + source)
    ran = convcalc("model", str(tmp_path / "net.py"), *(["-i", given] if given else []))
    assert ran.status in (1, 2)
    assert message in ran.stderr
    assert hint in ran.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    ("source", "given", "parameters"),
    [
        ("m = Model(i := Input((None, None, 3)), layers.Conv2D(2, 3)(i))", "32x32x3", 56),
        ("m = Sequential([Input((x.shape[1],)), layers.Dense(2)])", "13", 28),
        ("m = Sequential()\nm.add(layers.Dense(4, input_dim=3))\nm.pop()\nm.add(layers.Dense(2))", "3", 8),
        ("import tensorflow as tf\ni = Input((8, 8, 3))\nx = tf.concat([tf.nn.relu(i), i * 2], axis=-1)\n"
         "m = Model(i, layers.Dense(2)(tf.reduce_mean(x, axis=[1, 2])))", "", 14),
        ("i = Input((6,))\nm = Model(i, layers.Dense(2)(layers.Lambda(lambda x: x[:, 1:4] + 1)(i)))", "", 8),
        ("a = Sequential([Input((5,)), layers.Dense(2)])\na.build((None, 5))\nout = layers.Dense(1)(a.output)\n"
         "m = Model(a.inputs, out)", "", 15),
        ("d = layers.Dense(3)\ni, j = Input((5,)), Input((5,))\nm = Model([i, j], layers.add([d(i), d(j)]))", "", 18),
    ],
)  # fmt: skip
def test_what_works_is_counted(tmp_path: Path, source: str, given: str, parameters: int) -> None:
    (tmp_path / "net.py").write_text(HEAD + source)
    names = ("m",)
    found = model(tmp_path / "net.py", tuple(map(int, given.split("x"))) if given else None, class_name=names[0])
    assert found.parameters == parameters


def test_its_numbers_are_not_worked(convcalc: Convcalc, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(f"{HEAD}m = Sequential([Input((5,)), layers.Dense(2)])")
    ran = convcalc("model", str(tmp_path / "net.py"), "-i", "1 2 3 4 5", "--weights", "random")
    assert (ran.status, "Keras's networks are counted, and not worked in numbers" in ran.stderr) == (1, True)
    with pytest.raises(ConvcalcError, match="counted"):
        _ = model(tmp_path / "net.py", [1, 2, 3, 4, 5], weights="random").output


def test_fields_are_those_of_the_same_network_in_pytorchs_words(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(
        f"{HEAD}m = Sequential([Input((32, 32, 3)), layers.Conv2D(4, 5, strides=2), layers.MaxPooling2D(3, 2),"
        " layers.SeparableConv2D(4, 3), layers.UpSampling2D(), layers.Flatten(), layers.Dense(2)])"
    )
    ours = model(tmp_path / "net.py")._summary
    words = "Conv2d(3, 4, 5, 2), MaxPool2d(3, 2), Conv2d(4, 4, 3), Upsample(scale_factor=2), Flatten(), Linear(2)"
    theirs = model(words, (3, 32, 32))._summary
    assert [f and [(a.size, a.jump, a.whole) for a in f.axes] for f in ours.fields] == [
        f and [(a.size, a.jump, a.whole) for a in f.axes] for f in theirs.fields
    ]


@pytest.mark.parametrize(
    ("layers", "given", "parameters", "output"),
    [
        ("Conv2D(32, 3, activation='relu'), MaxPooling2D(), Flatten(), Dense(10)", "28x28x1", 54_410, "(None, 10)"),
        ("[Conv2D(4, (3, 3), padding='same'), BatchNormalization(), LeakyReLU(0.1)]", "63x63x16",
         596, "(None, 63, 63, 4)"),
        ("layers.Embedding(10, 4); layers.LSTM(3, return_sequences=True); layers.TimeDistributed(layers.Dense(2))",
         "5", 144,
         "(None, 5, 2)"),
    ],
)  # fmt: skip
def test_lists_in_keras_words(convcalc: Convcalc, layers: str, given: str, parameters: int, output: str) -> None:
    ran = convcalc("model", layers, "-i", given)
    assert ran.status == 0, ran.stderr
    assert ["Total", "params", f"{parameters:,}"] in [line.split() for line in ran.stdout.splitlines()]
    assert f"→ {output}" in ran.stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("Conv2D(32, 3), ReLU(), MaxPool2d(2)", "there is no layer 'Conv2D'"),
        ("Dense(10), Conv2D", "written without its brackets"),
        ("Dense(10, unit=3)", "did you mean"),
        ("Conv2D(3, 5), Dense(2), Flatten(5, 6)", "Flatten takes at most 1 settings"),
    ],
)
def test_lists_that_are_no_keras(convcalc: Convcalc, layers: str, message: str) -> None:
    ran = convcalc("model", layers, "-i", "28x28x1")
    assert (ran.status, message in ran.stderr) == (1, True)


FOUND = {
    # what was wrong once, with what Keras 3.15 counts: all, trainable, the output
    "a state from elsewhere": (
        "e, d = Input((10, 7)), Input((9, 5))\n_, h, c = layers.LSTM(6, return_state=True)(e)\n"
        "y, _, _ = layers.LSTM(6, return_sequences=True, return_state=True)(d, initial_state=[h, c])\n"
        "m = Model([e, d], layers.Dense(5)(y))", 659, 659, (9, 5)),
    "attention by its words": (
        "i, j = Input((10, 16)), Input((6, 12))\n"
        "m = Model([i, j], layers.MultiHeadAttention(4, 8)(query=i, value=j, key=j))",
        1904, 1904, (10, 16)),
    "an output of a part that nobody reads": (
        "a, c = Input((3,)), Input((3,))\np = Model(a, [layers.Dense(4)(a), layers.Dense(5)(a)])\nr = p(c)\n"
        "m = Model(c, layers.Dense(2)(r[0]))", 46, 46, (2,)),
    "layers by their depth": (
        "i = Input((2,))\na = layers.Dense(3)(i)\nb = layers.Dense(4)(i)\nb = layers.Dense(5)(b)\n"
        "c = layers.Dense(6)(i)\n"
        "c = layers.Dense(7)(c)\nc = layers.Dense(8)(c)\nm = Model(i, layers.concatenate([a, b, c]))\n"
        "for layer in m.layers[:4]:\n    layer.trainable = False", 177, 98, (16,)),
    "by their type": (
        "m = Sequential([Input((8, 8, 4)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten(),"
        " layers.Dense(3)])\n"
        "for layer in m.layers:\n    if type(layer) is layers.Conv2D:\n        layer.trainable = False", 599, 443,
        (3,)),
    "all frozen, the last not": (
        "m = Sequential([Input((4,)), layers.Dense(3), layers.Dense(3)])\nm.trainable = False\n"
        "m.layers[-1].trainable = True",
        27, 0, (3,)),
    "a part frozen, its last not": (
        "b = Sequential([Input((4,)), layers.Dense(3), layers.Dense(3)])\nb.trainable = False\n"
        "b.layers[-1].trainable = True\n"
        "m = Sequential([b, layers.Dense(2)])", 35, 20, (2,)),
    "a copy": (
        "b = Sequential([Input((8,)), layers.Dense(4)])\nm = models.clone_model(b)\nb.trainable = False", 36, 36,
        (4,)),
    "a frozen layer within another": (
        "m = Sequential([Input((5, 8)), layers.TimeDistributed(layers.Dense(4, trainable=False)), layers.LSTM(1)])",
        60, 24, (1,)),
    "weights that call does not use": (
        "class L(layers.Layer):\n    def build(self, s):\n        self.w = self.add_weight(shape=(5,), name='w')\n"
        "    def call(self, x):\n        return x\nm = Sequential([Input((8,)), L(), layers.Dense(3)])", 32, 32,
        (3,)),
    "a block by its name": (
        "class B(layers.Layer):\n    def __init__(self, n, name=None):\n        super().__init__(name=name)\n"
        "        self.d = {'a': layers.Dense(n), 'b': [layers.Dense(n)]}\n    def call(self, x):\n"
        "        return self.d['b'][0](self.d['a'](x))\ni = Input((3,))\n"
        "m = Model(i, layers.Dense(1)(B(4, name='b1')(i)))\n"
        "m.get_layer('b1').trainable = False", 41, 5, (1,)),
    "the main program's own call": (
        "def build(n=3):\n    return Sequential([Input((8,)), layers.Dense(n)])\nif __name__ == '__main__':\n"
        "    m = build(n=9)", 81,
        81, (9,)),
    "a base that is built upon": (
        "from keras.applications import VGG16\nbase = VGG16(include_top=False, input_shape=(32, 32, 3))\n"
        "x = layers.Flatten()(base.output)\nm = Model(base.input, layers.Dense(3)(x))", 14_716_227, 14_716_227, (3,)),
    "arrays that are reshaped": (
        "import keras\nimport numpy as np\n(x, y), _ = keras.datasets.mnist.load_data()\n"
        "x = x.reshape(60000, 28, 28, 1).astype('float32')\nx = x[..., np.newaxis][:, :, :, 0]\n"
        "y = keras.utils.to_categorical(y)\n"
        "m = Sequential([Input(x.shape[1:]), layers.Flatten(), layers.Dense(y.shape[1])])",
        7850, 7850, (10,)),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_what_was_wrong_once(tmp_path: Path, name: str) -> None:
    source, parameters, trainable, output = FOUND[name]
    (tmp_path / "net.py").write_text(HEAD + source)
    summary = model(tmp_path / "net.py", class_name="m" if name == "a copy" else None)._summary
    assert (summary.weights + summary.buffers, summary.trainable, summary.output[1:]) == (parameters, trainable, output)


@pytest.mark.parametrize(
    "line",
    [
        "for w in m.layers[0].trainable_weights:\n    w.trainable = False",
        "m.layers[0].kernel.trainable = False",
        "[setattr(one, 'trainable', False) for one in unknown(m)]",
        "for one in m.layers[:random.choice([1])]:\n    one.trainable = False",
    ],
)
def test_a_freezing_that_is_not_followed_is_said(convcalc: Convcalc, tmp_path: Path, line: str) -> None:
    (tmp_path / "net.py").write_text(f"{HEAD}import random\nm = Sequential([Input((4,)), layers.Dense(3)])\n{line}\n")
    ran = convcalc("model", str(tmp_path / "net.py"))
    assert "freezes is not followed" in " ".join(ran.stdout.split())


def test_another_model_is_not_told_for_one_that_fails(convcalc: Convcalc, tmp_path: Path) -> None:
    source = "b = Sequential([Input((8,)), layers.Dense(4)])\nm = Sequential([b, layers.Dense(unknown)])"
    (tmp_path / "net.py").write_text(HEAD + source)
    ran = convcalc("model", str(tmp_path / "net.py"))
    assert (ran.status, "m: the name 'unknown' stands for nothing here" in ran.stderr) == (1, True)
    assert convcalc("model", str(tmp_path / "net.py"), "--class", "b").status == 0


def test_a_trace_and_a_layer_are_told_in_its_words(convcalc: Convcalc) -> None:
    sample = str(ROOT / "samples" / "keras_cnn.py")
    ran = convcalc("model", sample, "--trace", "2,2")
    assert "It sees rows 8–17, columns 8–17 of the input's (None, 28, 28, 1)." in ran.stdout
    ran = convcalc("model", sample, "--layer", "batch_normalization")
    assert "parameters     2×32 + 2×32 = 128" in ran.stdout
    assert "gives          (None, 26, 26, 32)" in ran.stdout
    ran = convcalc("model", sample, "--format", "csv")
    assert 'conv2d,"Conv2D 32, 3×3, relu","(None, 28, 28, 1)","(None, 26, 26, 32)",320' in ran.stdout
