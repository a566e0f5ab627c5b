import type { Words } from './words.ts'

export const italian: Words = {
  event: 'Appuntamento in video',
  kinds: { teleconsultation: 'Teleconsulto', televisit: 'Televisita', session: 'Sessione in video' },
  greeting: { named: 'Buongiorno {{name}},', unnamed: 'Buongiorno,' },
  soon: 'tra poco',
  moved: 'In precedenza era previsto così: {{previousWhen}}. Quell’orario non vale più.',
  notMoved: 'Data e ora restano le stesse.',
  openLink: 'Qualche minuto prima dell’inizio apra questo link. Funziona nel browser e non serve alcuna registrazione:',
  button: 'Apri l’appuntamento',
  keepLink: 'Il link è personale: La preghiamo di non darlo ad altri.',
  messages: {
    invitation: {
      subject: '{{what}}: {{start}}',
      heading: 'Il Suo appuntamento in video',
      opening: '{{organiser}} La invita a un appuntamento in video.',
      closing: 'Se non può partecipare, La preghiamo di avvisare {{organiser}}.'
    },
    change: {
      subject: 'Modificato – {{what}}: {{start}}',
      heading: 'Il Suo appuntamento in video è cambiato',
      opening: 'Qualcosa nel Suo appuntamento in video è cambiato. Ora è così:',
      closing: 'Se la modifica non Le va bene, La preghiamo di avvisare {{organiser}}.'
    },
    cancellation: {
      subject: 'Annullato – {{what}}: {{start}}',
      heading: 'Il Suo appuntamento in video è annullato',
      opening: 'Ci dispiace: questo appuntamento in video non avrà luogo. Non deve fare nulla.',
      closing: 'Per domande o per un’altra data si rivolga a {{organiser}}.'
    },
    reminder: {
      subject: 'Promemoria – {{what}}: {{start}}',
      heading: 'Il Suo appuntamento in video si avvicina',
      opening: 'Un breve promemoria: il Suo appuntamento in video inizia {{startsIn}}.',
      closing: 'Se non può partecipare, La preghiamo di avvisare {{organiser}}.'
    }
  }
}
