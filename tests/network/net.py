"""A network of many kinds of layers, whose outputs PyTorch 2.13 worked: see `make.py`."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, channels, out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 2, dilation=2, bias=False, groups=2)
        self.bn2 = nn.BatchNorm2d(out)
        self.down = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.down(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 5, 2, 2, padding_mode="replicate"), nn.PReLU(4))
        self.pool = nn.MaxPool2d(3, 2, 1, ceil_mode=True)
        self.block = Block(4, 6, 2)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.back = nn.ConvTranspose2d(6, 4, 3, 2, 1, 1)
        self.group = nn.GroupNorm(2, 4, affine=True)
        self.average = nn.AvgPool2d(2, 2, count_include_pad=False)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.Hardsigmoid())
        self.shuffle = nn.PixelShuffle(2)
        self.line = nn.Conv1d(2, 3, 3, padding=1)
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(96, 8), nn.GELU(), nn.LayerNorm(8), nn.Dropout(0.5), nn.ELU(0.5),
            nn.Linear(8, 6), nn.SiLU(), nn.LeakyReLU(0.2), nn.Linear(6, 4), nn.LogSoftmax(1),
        )  # fmt: skip

    def forward(self, x):
        x = self.block(self.pool(self.stem(x)))
        x = self.group(torch.tanh(self.back(self.up(x))))
        x = torch.cat([x, F.pad(self.average(x), (4, 4, 4, 4))], 1)
        x = x * self.gate(x)
        first, second = x.chunk(2, dim=1)
        x = self.shuffle(first + second)
        x = self.line(x[:, :, 2:14].mean(1).reshape(-1, 2, 192))
        return self.head(x.transpose(1, 2)[:, :32])
