import type { Words } from './words.ts'

export const french: Words = {
  event: 'Rendez-vous vidéo',
  // What is a teleconsultation elsewhere is one with a patient here.
  kinds: { teleconsultation: 'Téléexpertise', televisit: 'Téléconsultation', session: 'Séance vidéo' },
  greeting: { named: 'Bonjour {{name}},', unnamed: 'Bonjour,' },
  soon: 'bientôt',
  moved: 'Il était prévu ainsi\u00a0: {{previousWhen}}. Cet horaire n’est plus valable.',
  notMoved: 'La date et l’heure restent les mêmes.',
  openLink: 'Quelques minutes avant le début, ouvrez ce lien. Il fonctionne dans votre navigateur, sans inscription\u00a0:',
  button: 'Ouvrir le rendez-vous',
  keepLink: 'Ce lien est personnel\u00a0: merci de ne pas le transmettre.',
  messages: {
    invitation: {
      subject: '{{what}}\u00a0: {{start}}',
      heading: 'Votre rendez-vous vidéo',
      opening: '{{organiser}} vous invite à un rendez-vous vidéo.',
      closing: 'En cas d’empêchement, merci de prévenir {{organiser}}.'
    },
    change: {
      subject: 'Modifié – {{what}}\u00a0: {{start}}',
      heading: 'Votre rendez-vous vidéo a changé',
      opening: 'Votre rendez-vous vidéo a été modifié. Voici ce qui est prévu maintenant\u00a0:',
      closing: 'Si cela ne vous convient pas, merci de prévenir {{organiser}}.'
    },
    cancellation: {
      subject: 'Annulé – {{what}}\u00a0: {{start}}',
      heading: 'Votre rendez-vous vidéo est annulé',
      opening: 'Nous en sommes désolés\u00a0: ce rendez-vous vidéo n’aura pas lieu. Vous n’avez rien à faire.',
      closing: 'Pour toute question ou pour une autre date, adressez-vous à {{organiser}}.'
    },
    reminder: {
      subject: 'Rappel – {{what}}\u00a0: {{start}}',
      heading: 'Votre rendez-vous vidéo approche',
      opening: 'Un petit rappel\u00a0: votre rendez-vous vidéo commence {{startsIn}}.',
      closing: 'En cas d’empêchement, merci de prévenir {{organiser}}.'
    }
  }
}
