"""Custom vocabulary: corrects what the recogniser transcribed as similar sounding words."""
