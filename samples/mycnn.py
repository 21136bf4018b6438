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
