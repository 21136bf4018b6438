"""Trains the network of net.py, and writes its weights and ten digits. Needs torch, scikit-learn and numpy.

The digits are those of the UCI machine learning repository (E. Alpaydin and C. Kaynak, 1998), as scikit-learn has them.
"""

from pathlib import Path

import numpy as np
import torch
from net import Digits
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).parent
torch.manual_seed(7)
images, classes = load_digits(return_X_y=True)
images = images.reshape(-1, 1, 8, 8).astype(np.float32)
parts = train_test_split(images, classes, test_size=360, random_state=7, stratify=classes)
train, held_out, train_classes, held_out_classes = (torch.tensor(part) for part in parts)

network = Digits()
optimizer = torch.optim.Adam(network.parameters(), lr=3e-3, weight_decay=1e-4)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 60)
for _ in range(60):
    for batch in torch.randperm(len(train)).split(64):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(train[batch]), train_classes[batch]).backward()
        optimizer.step()
    schedule.step()

# Three decimals are enough, and can be read.
rounded = {name: np.round(tensor.numpy(), 3) for name, tensor in network.state_dict().items()}
network.load_state_dict({name: torch.tensor(tensor) for name, tensor in rounded.items()})
with torch.no_grad():
    guesses = network(held_out).argmax(1)
print(f"held out: {(guesses == held_out_classes).sum()} of {len(held_out)} right")

np.savez_compressed(HERE / "weights.npz", **rounded)
for digit in range(10):
    first = next(i for i, (own, guess) in enumerate(zip(held_out_classes, guesses)) if own == guess == digit)
    rows = (" ".join(f"{cell:2.0f}" for cell in row) for row in held_out[first, 0].tolist())
    (HERE / f"{digit}.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
