/** A PNG of an SVG document. Text uses the system's fonts; on a system without fonts, only the text is missing. */
export async function renderSvg(svg: string): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  return sharp(Buffer.from(svg)).png().toBuffer();
}
