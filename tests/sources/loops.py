import torch
import torch.nn as nn
import torch.nn.functional as F

CHANNELS = [16, 32, 64]


class Net(nn.Module):
    def __init__(self, in_channels=3, num_classes=10):
        super().__init__()
        self.convs = nn.ModuleList()
        previous = in_channels
        for i, channels in enumerate(CHANNELS):
            self.convs.append(nn.Conv2d(previous, channels, 3, padding=1))
            previous = channels
        self.norms = nn.ModuleList([nn.BatchNorm2d(c) for c in CHANNELS])
        self.fc = nn.Linear(previous * 4 * 4, num_classes)

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = F.max_pool2d(F.relu(norm(conv(x))), 2)
        x = x.view(x.size(0), -1)
        return F.log_softmax(self.fc(x), dim=1)


if __name__ == "__main__":
    net = Net()
    print(net(torch.randn(1, 3, 32, 32)))
