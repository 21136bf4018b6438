"""The lecture's whole networks, as the files that samples/ holds: scripts of convcalc's, and a class of PyTorch's."""

TINY_CNN = """\
# A whole network on one small picture: is it a 1, a 2 or a 7?
# conv → ReLU → pool, twice; then flatten, linear, softmax, and the loss.

# The picture: 8×8, 1 is drawn.
input
0 0 0 0 0 0 0 0
0 1 1 1 1 1 1 0
0 0 0 0 0 1 0 0
0 0 0 0 1 0 0 0
0 0 0 1 0 0 0 0
0 0 1 0 0 0 0 0
0 1 0 0 0 0 0 0
0 0 0 0 0 0 0 0

# Two filters: one for lines that lie, one for lines that lean.
lines = -1 -1 -1; 2 2 2; -1 -1 -1; ---; -1 -1 2; -1 2 -1; 2 -1 -1
conv lines
relu
pool max

# Three filters over those two maps: a bar above a leaning line (as in 7),
# a bar below it (2), and no bar (1).
shapes =
1 1; -1 -1;; 0 0; 1 1
---
-1 -1; 1 1;; 1 1; 0 0
---
-1 -1; -1 -1;; 1 1; 1 1

conv shapes -b -1,-1,-1
relu
pool max

# Three numbers are left; each class (1, 2, 7) has a row of weights for them.
flatten
weights = -0.2 -0.2 0.5; 0 0.3 -0.1; 0.3 0 -0.1
scores = linear weights

# The picture is a 7, which is class 2 (they count from 0).
loss cross-entropy -t 2
softmax -i scores
"""

MYCNN = '''\
"""The lecture's network: two convolutions, each followed by ReLU and a 2×2 max pooling, then a fully connected layer.

convcalc reads this file and does not run it: convcalc model sample:mycnn.py -i 1x28x28
"""

import torch.nn as nn
import torch.nn.functional as F


class myCNN(nn.Module):
    def __init__(self):
        super(myCNN, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 12, 5)
        self.fc1 = nn.Linear(12 * 4 * 4, 120)

    def forward(self, x):
        out = F.max_pool2d(F.relu(self.conv1(x)), 2)
        out = F.max_pool2d(F.relu(self.conv2(out)), 2)
        out = out.view(-1, 12 * 4 * 4)
        out = F.relu(self.fc1(out))
        return out
'''

BACKPROP = """\
# Backpropagation step by step: two inputs, two hidden neurons, two outputs, sigmoids (the example of M. Mazur).
# One step of gradient descent: convcalc run sample:backprop-2-2-2.convcalc --rate 0.5 --freeze b1 --freeze b2

input 0.05 0.10
w1 = 0.15 0.20; 0.25 0.30
b1 = 0.35 0.35
linear w1 -b b1
sigmoid
w2 = 0.40 0.45; 0.50 0.55
b2 = 0.60 0.60
linear w2 -b b2
sigmoid
targets = 0.01 0.99

# Half the summed squares.
loss mse --half --reduction sum -t targets
"""
