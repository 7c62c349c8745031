import fc from 'fast-check';

// Else a mutant that one case in thousands tells apart would be killed today and survive tomorrow.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 42 });
