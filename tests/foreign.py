"""Networks as other people's programs leave them, and as nobody's should."""

import os
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIDE = 16
"""Of the images that the scikit-learn classifiers below know."""


def learnt_from_brightness():
    """Return flat images of 16 x 16 pixels, and whether each is a bright one."""
    chance = np.random.default_rng(0)
    levels = np.repeat([0.2, 0.8], 30)[:, np.newaxis]
    images = np.clip(levels + chance.normal(0, 0.1, (60, SIDE * SIDE)), 0, 1).astype(np.float32)
    return images, np.repeat([0, 1], 30)


def sklearn_model(kind: str = "mlp"):
    """Return a classifier of scikit-learn and the same as ONNX, as skl2onnx writes it."""
    from skl2onnx import to_onnx  # noqa: PLC0415 - slow to import, and few tests need it
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - likewise
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 - likewise

    images, bright = learnt_from_brightness()
    learner = {
        "mlp": MLPClassifier((8,), solver="lbfgs", max_iter=2000, random_state=0),
        "forest": RandomForestClassifier(8, random_state=0),
    }[kind].fit(images, bright)
    return learner, to_onnx(learner, images[:1])


def keras_model(folder: Path, kind: str = "classifier"):
    """Return a network of Keras, channels last, and the file that Keras exports it to."""
    os.environ["KERAS_BACKEND"] = "torch"  # noqa: TID251 - Keras has no other way
    import keras  # noqa: PLC0415 - it reads the line above

    keras.utils.set_random_seed(0)
    side = {"classifier": 32}.get(kind)
    image = keras.Input((side, side, 1))
    seen = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    if kind == "classifier":
        seen = keras.layers.MaxPooling2D()(seen)
        seen = keras.layers.GlobalAveragePooling2D()(seen)
        answer = keras.layers.Dense(2, activation="softmax")(seen)
    else:
        answer = keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid")(seen)
    network = keras.Model(image, answer)
    network(np.zeros((1, side or 8, side or 8, 1), np.float32))
    path = folder / f"{kind}.onnx"
    network.export(path, format="onnx", verbose=False)
    return network, path


def graph(
    nodes,
    taken=("n", 1, "h", "w"),
    given=(None, None, None, None),
    weights=None,
    kind=TensorProto.FLOAT,
    opset=18,
):
    """Return a model of `nodes` from ``image`` to ``answer``."""
    made = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info("image", kind, taken)],
        [helper.make_tensor_value_info("answer", kind, given)],
        [
            numpy_helper.from_array(np.asarray(values), name)
            for name, values in (weights or {}).items()
        ],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("evil", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=10)


def classifier(classes=2, side=8, **changes):
    """Return a model that answers with the softmax of sums over the image."""
    rng = np.random.default_rng(0)
    weights = {"w": rng.normal(0, 0.1, (side * side, classes)).astype(np.float32)}
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "w"], ["sums"]),
        helper.make_node("Softmax", ["sums"], ["answer"], axis=1),
    ]
    stated = {"taken": ("n", 1, side, side), "given": ("n", classes), "weights": weights}
    return graph(nodes, **{**stated, **changes})


def blurring(channels=1, **changes):
    """Return a model that answers each pixel with the mean of its neighbourhood of 3 x 3."""
    weights = {"w": np.full((1, channels, 3, 3), 1 / (9 * channels), np.float32)}
    nodes = [helper.make_node("Conv", ["image", "w"], ["answer"], pads=[1] * 4)]
    stated = {"taken": ("n", channels, "h", "w"), "weights": weights}
    return graph(nodes, **{**stated, **changes})


def doubling(**changes):
    """Return a model that answers with four pixels for each."""
    nodes = [
        helper.make_node("Concat", ["image"] * 4, ["four"], axis=1),
        helper.make_node("DepthToSpace", ["four"], ["answer"], blocksize=2),
    ]
    return graph(nodes, **changes)


def saved(model, folder, name="foreign.onnx"):
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def with_weights_elsewhere(folder, place="/etc/passwd"):
    """Return a model whose weights are said to lie in another file."""
    model = classifier()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", place
    return saved(model, folder)


def run(model, batch):
    """Return what ONNX Runtime answers."""
    session = onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else model.SerializeToString(),
        providers=["CPUExecutionProvider"],
    )
    return session.run(None, {session.get_inputs()[0].name: batch})[0]
