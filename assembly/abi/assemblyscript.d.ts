/** What asc knows by itself and tsc must be told, so that both compile the files of this folder. */
declare type u32 = number;
