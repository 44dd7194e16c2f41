/** Whether tests in a browser are to be done in a minute or two, where a processor plays the GPU: `FLORA_TEST_EXTENT=short`. */
export const isShort: boolean = process.env["FLORA_TEST_EXTENT"] === "short";
