/**
 * Points by WebGL 2: three buffers, one program, one call for all of them.
 *
 * Written against WebGL itself: regl, on which the common scatter plots stand, makes functions of
 * texts, which the policy of the console's pages forbids (docs/decisions/0022-console-map.md).
 */
import { fitView, type MapView } from './map-view.ts'
import { type PlotPoints, type PointPlot, pointSize } from './point-plot.ts'

const VERTEX = `#version 300 es
layout(location=0) in vec2 position;
layout(location=1) in vec3 color;
layout(location=2) in float mark;
uniform vec2 middle;
uniform vec2 stretch;
uniform float size;
uniform float pass;
out vec4 tint;
void main() {
  float layer = mark > 1.5 ? 2.0 : mark > 0.5 ? 0.0 : 1.0;
  // Points of other passes lie outside of what is seen.
  gl_Position = layer == pass
    ? vec4((position - middle) * stretch, 0.0, 1.0)
    : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = mark > 1.5 ? size * 1.8 : size;
  tint = vec4(color, mark > 1.5 ? 1.0 : mark > 0.5 ? 0.14 : 0.72);
}`

const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 tint;
out vec4 shown;
void main() {
  float far = length(gl_PointCoord - 0.5);
  float edge = 1.0 - smoothstep(0.38, 0.5, far);
  shown = vec4(tint.rgb * tint.a * edge, tint.a * edge);
}`

/** Faint ones first, those that stand out last. */
const LAYERS = [0, 1, 2] as const

/** undefined where the browser has no WebGL 2. */
export function openWebglPlot(canvas: HTMLCanvasElement): PointPlot | undefined {
  const gl = canvas.getContext('webgl2', {
    alpha: true,
    antialias: false,
    premultipliedAlpha: true,
  })
  if (gl === null) return undefined
  const program = link(gl)
  if (program === undefined) return undefined
  return new WebglPlot(canvas, gl, program)
}

class WebglPlot implements PointPlot {
  readonly kind = 'webgl'
  readonly #canvas: HTMLCanvasElement
  readonly #gl: WebGL2RenderingContext
  readonly #buffers: { readonly positions: WebGLBuffer; colors: WebGLBuffer; marks: WebGLBuffer }
  readonly #uniforms: Readonly<
    Record<'middle' | 'stretch' | 'size' | 'pass', WebGLUniformLocation | null>
  >
  #points: PlotPoints | undefined
  #layers: ReadonlySet<number> = new Set()

  constructor(canvas: HTMLCanvasElement, gl: WebGL2RenderingContext, program: WebGLProgram) {
    this.#canvas = canvas
    this.#gl = gl
    this.#buffers = {
      positions: attribute(gl, 0, { size: 2, type: gl.FLOAT, normalized: false }),
      colors: attribute(gl, 1, { size: 3, type: gl.UNSIGNED_BYTE, normalized: true }),
      marks: attribute(gl, 2, { size: 1, type: gl.UNSIGNED_BYTE, normalized: false }),
    }
    // biome-ignore lint/correctness/useHookAtTopLevel: it is WebGL's
    gl.useProgram(program)
    const of = (name: string) => gl.getUniformLocation(program, name)
    this.#uniforms = {
      middle: of('middle'),
      stretch: of('stretch'),
      size: of('size'),
      pass: of('pass'),
    }
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
    gl.clearColor(0, 0, 0, 0)
  }

  setPoints(points: PlotPoints): void {
    const before = this.#points
    this.#points = points
    if (before?.positions !== points.positions)
      this.#load(this.#buffers.positions, points.positions)
    if (before?.colors !== points.colors) this.#load(this.#buffers.colors, points.colors)
    if (before?.marks !== points.marks) {
      this.#load(this.#buffers.marks, points.marks)
      this.#layers = new Set(points.marks.map((mark) => (mark === 2 ? 2 : mark === 1 ? 0 : 1)))
    }
  }

  #load(buffer: WebGLBuffer, data: Float32Array | Uint8Array): void {
    this.#gl.bindBuffer(this.#gl.ARRAY_BUFFER, buffer)
    this.#gl.bufferData(this.#gl.ARRAY_BUFFER, data, this.#gl.STATIC_DRAW)
  }

  draw(view: MapView, ratio: number): void {
    const gl = this.#gl
    const points = this.#points
    fitCanvas(this.#canvas, view, ratio)
    gl.viewport(0, 0, this.#canvas.width, this.#canvas.height)
    gl.clear(gl.COLOR_BUFFER_BIT)
    if (points === undefined) return
    const whole = fitView(points.positions, view)
    gl.uniform2f(this.#uniforms.middle, view.x, view.y)
    gl.uniform2f(
      this.#uniforms.stretch,
      (2 * view.scale) / view.width,
      (2 * view.scale) / view.height,
    )
    gl.uniform1f(this.#uniforms.size, ratio * pointSize(points.positions.length / 2, view, whole))
    for (const layer of LAYERS) {
      if (!this.#layers.has(layer)) continue
      gl.uniform1f(this.#uniforms.pass, layer)
      gl.drawArrays(gl.POINTS, 0, points.positions.length / 2)
    }
  }

  close(): void {
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext()
  }
}

/** As many pixels as the screen has for it. */
export function fitCanvas(canvas: HTMLCanvasElement, view: MapView, ratio: number): void {
  const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)]
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
}

interface Layout {
  readonly size: number
  readonly type: number
  readonly normalized: boolean
}

function attribute(gl: WebGL2RenderingContext, place: number, layout: Layout): WebGLBuffer {
  const buffer = gl.createBuffer()
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer)
  gl.enableVertexAttribArray(place)
  gl.vertexAttribPointer(place, layout.size, layout.type, layout.normalized, 0, 0)
  return buffer
}

/** undefined when the driver does not take it. */
function link(gl: WebGL2RenderingContext): WebGLProgram | undefined {
  const program = gl.createProgram()
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind)
    if (shader === null) return undefined
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : undefined
}
