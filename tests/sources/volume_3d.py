import torch.nn as nn
import torch.nn.functional as F


class C3D(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv3d(3, 8, kernel_size=(3, 3, 3), padding=(1, 1, 1))
        self.pool1 = nn.MaxPool3d(kernel_size=(1, 2, 2), stride=(1, 2, 2))
        self.conv2 = nn.Conv3d(8, 16, 3, padding=1)
        self.pool2 = nn.MaxPool3d(2, padding=(0, 1, 1))
        self.gn = nn.GroupNorm(4, 16)
        self.fc = nn.Linear(16 * 2 * 5 * 5, 4)

    def forward(self, x):
        h = F.relu(self.conv1(x))
        h = self.pool1(h)
        h = self.pool2(F.relu(self.gn(self.conv2(h))))
        h = h.view(-1, 16 * 2 * 5 * 5)
        return self.fc(h)
