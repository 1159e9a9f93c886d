/** A PNG of an SVG document. Its letters come from the system's fonts: without any they are missing, and nothing else. */
export async function renderSvg(svg: string): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  return sharp(Buffer.from(svg)).png().toBuffer();
}
