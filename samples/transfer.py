"""Transfer learning: torchvision's ResNet-18, frozen, with a head of its own for so many classes.

convcalc model sample:transfer.py -i 3x224x224 --depth 1
"""

import argparse

import torch.nn as nn
from torchvision import models

parser = argparse.ArgumentParser()
parser.add_argument("--classes", type=int, default=5)
args = parser.parse_args()

model = models.resnet18(weights=models.ResNet18_Weights.DEFAULT)
for parameter in model.parameters():
    parameter.requires_grad = False
model.fc = nn.Sequential(nn.Dropout(0.2), nn.Linear(model.fc.in_features, args.classes))
