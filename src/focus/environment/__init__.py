"""What a stage finds around its work: instruction set, exact roots, folder, licensed files; and what it cost there."""
