import { render } from 'preact';
import { App } from './app.js';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/parts.css';
import { applyTheme } from './ui/theme.js';

applyTheme();
const place = document.getElementById('app');
if (place !== null) render(<App />, place);
