"""`keras.applications`: well-known networks as Keras has them, written in its own words and followed like a file."""

import ast
from typing import Any

from convcalc.errors import InputError, nearest
from convcalc.network.source.keras_models import KerasModel
from convcalc.network.source.toplevel import run_file
from convcalc.network.source.values import Call, Scope

SOURCE = """
from keras import Input, Model, layers


def VGG(name, depths, include_top=True, input_shape=(224, 224, 3), classes=1000, pooling=None, input_tensor=None):
    start = Input(shape=input_shape) if input_tensor is None else input_tensor
    x = start
    for block, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512, 512)), 1):
        for index in range(1, depth + 1):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"block{block}_conv{index}")(x)
        x = layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    if include_top:
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(4096, activation="relu", name="fc1")(x)
        x = layers.Dense(4096, activation="relu", name="fc2")(x)
        x = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return Model(start, pooled(x, pooling, include_top), name=name)


def pooled(x, pooling, include_top):
    if include_top or pooling is None:
        return x
    return layers.GlobalAveragePooling2D()(x) if pooling == "avg" else layers.GlobalMaxPooling2D()(x)


def residual(x, filters, stride, name, first):
    shortcut = x
    if first:
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=name + "_0_conv")(x)
        shortcut = layers.BatchNormalization(epsilon=1.001e-5, name=name + "_0_bn")(shortcut)
    x = layers.Conv2D(filters, 1, strides=stride, name=name + "_1_conv")(x)
    x = layers.BatchNormalization(epsilon=1.001e-5, name=name + "_1_bn")(x)
    x = layers.Activation("relu", name=name + "_1_relu")(x)
    x = layers.Conv2D(filters, 3, padding="same", name=name + "_2_conv")(x)
    x = layers.BatchNormalization(epsilon=1.001e-5, name=name + "_2_bn")(x)
    x = layers.Activation("relu", name=name + "_2_relu")(x)
    x = layers.Conv2D(4 * filters, 1, name=name + "_3_conv")(x)
    x = layers.BatchNormalization(epsilon=1.001e-5, name=name + "_3_bn")(x)
    x = layers.Add(name=name + "_add")([shortcut, x])
    return layers.Activation("relu", name=name + "_out")(x)


def ResNet(name, depths, include_top=True, input_shape=(224, 224, 3), classes=1000, pooling=None, input_tensor=None):
    start = Input(shape=input_shape) if input_tensor is None else input_tensor
    x = layers.ZeroPadding2D(3, name="conv1_pad")(start)
    x = layers.Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = layers.BatchNormalization(epsilon=1.001e-5, name="conv1_bn")(x)
    x = layers.Activation("relu", name="conv1_relu")(x)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512)), 2):
        for block in range(1, depth + 1):
            stride = 2 if stage > 2 and block == 1 else 1
            x = residual(x, filters, stride, f"conv{stage}_block{block}", block == 1)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return Model(start, pooled(x, pooling, include_top), name=name)


def rounded(channels):
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


def inverted(x, expansion, stride, filters, block):
    prefix = f"block_{block}_" if block else "expanded_conv_"
    channels, start = x.shape[-1], x
    if block:
        x = layers.Conv2D(expansion * channels, 1, padding="same", use_bias=False, name=prefix + "expand")(x)
        x = layers.BatchNormalization(epsilon=1e-3, momentum=0.999, name=prefix + "expand_BN")(x)
        x = layers.ReLU(6.0, name=prefix + "expand_relu")(x)
    if stride == 2:
        x = layers.ZeroPadding2D(correct_pad(x), name=prefix + "pad")(x)
    padding = "same" if stride == 1 else "valid"
    x = layers.DepthwiseConv2D(3, strides=stride, use_bias=False, padding=padding, name=prefix + "depthwise")(x)
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.999, name=prefix + "depthwise_BN")(x)
    x = layers.ReLU(6.0, name=prefix + "depthwise_relu")(x)
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=prefix + "project")(x)
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.999, name=prefix + "project_BN")(x)
    if channels == filters and stride == 1:
        return layers.Add(name=prefix + "add")([start, x])
    return x


def correct_pad(x):
    return ((1 - (1 - x.shape[1] % 2), 1), (1 - (1 - x.shape[2] % 2), 1))


def MobileNetV2(include_top=True, input_shape=(224, 224, 3), classes=1000, pooling=None, input_tensor=None, alpha=1.0):
    start = Input(shape=input_shape) if input_tensor is None else input_tensor
    x = layers.Conv2D(rounded(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")(start)
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.999, name="bn_Conv1")(x)
    x = layers.ReLU(6.0, name="Conv1_relu")(x)
    block = 0
    table = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for expansion, channels, repeats, stride in table:
        for index in range(repeats):
            x = inverted(x, expansion, stride if index == 0 else 1, rounded(channels * alpha), block)
            block += 1
    last = rounded(1280 * alpha) if alpha > 1.0 else 1280
    x = layers.Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.999, name="Conv_1_bn")(x)
    x = layers.ReLU(6.0, name="out_relu")(x)
    if include_top:
        x = layers.GlobalAveragePooling2D()(x)
        x = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return Model(start, pooled(x, pooling, include_top), name=f"mobilenetv2_{alpha:.2f}_{start.shape[1]}")


def separable(x, filters, strides, block):
    if strides == 2:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{block}")(x)
    padding = "same" if strides == 1 else "valid"
    x = layers.DepthwiseConv2D(3, strides=strides, padding=padding, use_bias=False, name=f"conv_dw_{block}")(x)
    x = layers.BatchNormalization(name=f"conv_dw_{block}_bn")(x)
    x = layers.ReLU(6.0, name=f"conv_dw_{block}_relu")(x)
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"conv_pw_{block}")(x)
    x = layers.BatchNormalization(name=f"conv_pw_{block}_bn")(x)
    return layers.ReLU(6.0, name=f"conv_pw_{block}_relu")(x)


def MobileNet(include_top=True, input_shape=(224, 224, 3), classes=1000, pooling=None, input_tensor=None, dropout=1e-3):
    start = Input(shape=input_shape) if input_tensor is None else input_tensor
    x = layers.Conv2D(32, 3, padding="same", use_bias=False, strides=2, name="conv1")(start)
    x = layers.BatchNormalization(name="conv1_bn")(x)
    x = layers.ReLU(6.0, name="conv1_relu")(x)
    table = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for block, (filters, strides) in enumerate(table, 1):
        x = separable(x, filters, strides, block)
    if include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Conv2D(classes, 1, padding="same", name="conv_preds")(x)
        x = layers.Reshape((classes,), name="reshape_2")(x)
        x = layers.Activation("softmax", name="predictions")(x)
    return Model(start, pooled(x, pooling, include_top), name="mobilenet")
"""
"""Functions in Keras's words. Their counts are those that its documentation gives."""
KNOWN: dict[str, tuple[str, tuple[Any, ...]]] = {
    "VGG16": ("VGG", ("vgg16", (2, 2, 3, 3, 3))),
    "VGG19": ("VGG", ("vgg19", (2, 2, 4, 4, 4))),
    "ResNet50": ("ResNet", ("resnet50", (3, 4, 6, 3))),
    "ResNet101": ("ResNet", ("resnet101", (3, 4, 23, 3))),
    "ResNet152": ("ResNet", ("resnet152", (3, 8, 36, 3))),
    "MobileNet": ("MobileNet", ()),
    "MobileNetV2": ("MobileNetV2", ()),
}
"""The networks that are known, and how the functions make them."""
FOLLOWED = ("include_top", "input_shape", "classes", "pooling", "input_tensor", "alpha")
IGNORED = ("weights", "classifier_activation", "name", "depth_multiplier", "dropout")


def application(call: Call, name: str) -> KerasModel:
    """Make a network of keras.applications; raise InputError for one that is not known."""
    if name not in KNOWN:
        close = nearest(name.lower(), [known.lower() for known in KNOWN])
        near = [known for known in KNOWN if known.lower() in close]
        hint = f"{' or '.join(near)} are" if near else f"{', '.join(KNOWN)} are"
        raise InputError(f"keras.applications.{name} is not among the networks that are known here", hint=hint)
    follower = call.follower
    function, settings = KNOWN[name]
    named = {key: value for key, value in call.named.items() if key in FOLLOWED and value is not None}
    other = [key for key in call.named if key not in (*FOLLOWED, *IGNORED)]
    if other or len(call.given) > 2 or ("alpha" in named and function != "MobileNetV2"):
        raise InputError(f"{name}'s setting '{(other or ['alpha'])[0]}' is not followed", hint=", ".join(FOLLOWED))
    if call.given:
        named["include_top"] = call.given[0]
    if named.get("include_top") is False and not {"input_shape", "input_tensor"} & set(named):
        named["input_shape"] = (None, None, 3)
    scope = follower.models.get(SOURCE)
    if scope is None:
        lines = SOURCE.splitlines()
        text = follower.texts.add("keras.applications", lines, ast.parse(SOURCE))
        scope = follower.models[SOURCE] = Scope(dict(follower.language.names))
        run_file(follower, text.tree, scope)
    model: KerasModel = follower.call(call.node, scope.names[function], list(settings), named, call.scope)
    model.name = str(call.named.get("name") or model.name)
    return model
