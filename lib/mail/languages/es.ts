import type { Words } from './words.ts'

export const spanish: Words = {
  event: 'Cita por vídeo',
  kinds: { teleconsultation: 'Teleconsulta entre profesionales', televisit: 'Visita por vídeo', session: 'Sesión por vídeo' },
  greeting: { named: 'Buenos días, {{name}}:', unnamed: 'Buenos días:' },
  soon: 'en breve',
  moved: 'Antes estaba prevista así: {{previousWhen}}. Esa hora ya no es válida.',
  notMoved: 'La fecha y la hora siguen siendo las mismas.',
  openLink: 'Unos minutos antes del comienzo, abra este enlace. Funciona en su navegador y no hace falta registrarse:',
  button: 'Abrir la cita',
  keepLink: 'El enlace es personal: por favor, no lo comparta.',
  messages: {
    invitation: {
      subject: '{{what}}: {{start}}',
      heading: 'Su cita por vídeo',
      opening: '{{organiser}} le invita a una cita por vídeo.',
      closing: 'Si no puede asistir, avise por favor a {{organiser}}.'
    },
    change: {
      subject: 'Modificada – {{what}}: {{start}}',
      heading: 'Su cita por vídeo ha cambiado',
      opening: 'Algo ha cambiado en su cita por vídeo. Así queda ahora:',
      closing: 'Si no le viene bien, avise por favor a {{organiser}}.'
    },
    cancellation: {
      subject: 'Cancelada – {{what}}: {{start}}',
      heading: 'Su cita por vídeo está cancelada',
      opening: 'Lo sentimos: esta cita por vídeo no tendrá lugar. No tiene que hacer nada.',
      closing: 'Si tiene preguntas o desea otra fecha, póngase en contacto con {{organiser}}.'
    },
    reminder: {
      subject: 'Recordatorio – {{what}}: {{start}}',
      heading: 'Su cita por vídeo se acerca',
      opening: 'Un breve recordatorio: su cita por vídeo comienza {{startsIn}}.',
      closing: 'Si no puede asistir, avise por favor a {{organiser}}.'
    }
  }
}
