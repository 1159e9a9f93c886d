/** 1,000 digits of 16x16 bytes, one after the other, in base64. digits-plugin.ts fills in the value. */
export const base64: string = '';
