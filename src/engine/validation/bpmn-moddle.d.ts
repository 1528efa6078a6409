declare module 'bpmn-moddle' {
  /** Reads and writes BPMN 2.0 XML; the package ships types of the elements but not of the reader. */
  export class BpmnModdle {
    constructor(packages?: { [name: string]: object })
    fromXML(
      xml: string,
    ): Promise<{ rootElement: unknown; elementsById: { [id: string]: unknown }; references: unknown[]; warnings: unknown[] }>
  }
}
