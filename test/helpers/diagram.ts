import { readXml, type XmlElement } from '../../src/engine/validation/xml.ts'

export interface Box {
  id: string
  /** The BPMN element drawn. */
  element: string
  x: number
  y: number
  width: number
  height: number
}

export interface Point {
  x: number
  y: number
}

export interface Edge {
  id: string
  element: string
  points: Point[]
}

export interface Flow {
  id: string
  name: string | null
  source: string
  target: string
}

export interface Node {
  id: string
  name: string | null
  /** Local tag name, e.g. "serviceTask". */
  type: string
  attachedTo: string | null
}

/** What a BPMN file shows: its flow nodes and flows, and where they are drawn. */
export interface Drawing {
  nodes: Node[]
  flows: Flow[]
  shapes: Box[]
  /** Labels outside of their shapes or beside their edges. */
  labels: Box[]
  edges: Edge[]
}

const bpmn = 'http://www.omg.org/spec/BPMN/20100524/MODEL'
const node = /^(\w+Event|\w*[tT]ask|\w*[sS]ubProcess|callActivity|\w+Gateway)$/

/** Reads a BPMN file as a drawing. */
export function readDrawing(xml: string): Drawing {
  const { document, findings } = readXml(xml)
  if (!document) throw new Error(findings[0]?.message)
  const all = document.elements
  const of = (local: string) => all.filter((element) => element.local === local)
  const text = (element: XmlElement, name: string) => element.attributes.get(name) ?? ''
  const childrenOf = (element: XmlElement, local: string) => all.filter((other) => other.parent === element && other.local === local)
  const boxOf = (holder: XmlElement, owner: XmlElement): Box[] =>
    childrenOf(holder, 'Bounds').map((bounds) => ({
      id: text(owner, 'id'),
      element: text(owner, 'bpmnElement'),
      ...{ x: Number(text(bounds, 'x')), y: Number(text(bounds, 'y')) },
      ...{ width: Number(text(bounds, 'width')), height: Number(text(bounds, 'height')) },
    }))
  return {
    nodes: all
      .filter(({ namespace, local }) => namespace === bpmn && node.test(local))
      .map((element) => ({
        ...{ id: text(element, 'id'), name: element.attributes.get('name') ?? null, type: element.local },
        attachedTo: element.attributes.get('attachedToRef') ?? null,
      })),
    flows: of('sequenceFlow').map((element) => ({
      ...{ id: text(element, 'id'), name: element.attributes.get('name') ?? null },
      ...{ source: text(element, 'sourceRef'), target: text(element, 'targetRef') },
    })),
    shapes: of('BPMNShape').flatMap((shape) => boxOf(shape, shape)),
    labels: of('BPMNLabel').flatMap((label) => (label.parent ? boxOf(label, label.parent) : [])),
    edges: of('BPMNEdge').map((edge) => ({
      ...{ id: text(edge, 'id'), element: text(edge, 'bpmnElement') },
      points: childrenOf(edge, 'waypoint').map((point) => ({ x: Number(text(point, 'x')), y: Number(text(point, 'y')) })),
    })),
  }
}

/** Whether two boxes share more than their border. */
export function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/** Whether a point lies on the border of a box. */
export function isOnBorder({ x, y }: Point, box: Box): boolean {
  const inside = x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height
  return inside && (x === box.x || x === box.x + box.width || y === box.y || y === box.y + box.height)
}

/** The straight parts of an edge as boxes without area. */
export function segmentsOf(edge: Edge): Box[] {
  return edge.points.slice(1).map((end, index) => {
    const start = edge.points[index] ?? end
    return {
      ...{ id: edge.id, element: edge.element, x: Math.min(start.x, end.x), y: Math.min(start.y, end.y) },
      ...{ width: Math.abs(start.x - end.x), height: Math.abs(start.y - end.y) },
    }
  })
}

/** Whether a segment touches a box or another segment. */
export function touches(a: Box, b: Box): boolean {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height
}
